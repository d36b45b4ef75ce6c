/** The page: one header, and the part that the address names. */
import { Anchor, Container, Text } from '@mantine/core'
import { useLive } from '../live/live.ts'
import { LogPart } from '../log/log-part.tsx'
import { OrdersPart } from '../orders/orders-part.tsx'
import { Overview } from '../overview/overview.tsx'
import { Cast } from '../services/cast.tsx'
import { ServicesPart } from '../services/services-part.tsx'
import { SetAside } from '../set-aside/set-aside.tsx'
import { pageWidth } from './layout.ts'
import { PageHeader } from './page-header.tsx'
import { useRoute } from './route.ts'

export function App() {
  const { snapshot, connected } = useLive()
  const route = useRoute()
  return (
    <>
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <PageHeader snapshot={snapshot} connected={connected} route={route} />
      <Container size={pageWidth} component="main" id="main" pb="xl" px={{ base: 'sm', sm: 'lg' }}>
        <Cast snapshot={snapshot} />
        {route === '' ? <Overview snapshot={snapshot} /> : null}
        {route === 'orders' ? <OrdersPart snapshot={snapshot} /> : null}
        {route === 'log' ? <LogPart snapshot={snapshot} /> : null}
        {route === 'services' ? <ServicesPart snapshot={snapshot} /> : null}
        {route === 'set-aside' ? <SetAside snapshot={snapshot} /> : null}
        <Text size="sm" c="dimmed" mt="lg" component="footer">
          This page uses the shop’s own API,{' '}
          <Anchor href="/openapi.json" underline="always">
            described in OpenAPI
          </Anchor>
          .
        </Text>
      </Container>
    </>
  )
}
