/** Name, parts, whether the picture is live, and the choice of colours. */
import { ActionIcon, Container, Group, Text, Title, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import type { Snapshot } from '../../stage/snapshot.ts'
import { Moon, Sun } from './icons.tsx'
import { pageWidth } from './layout.ts'
import { Pill } from './pill.tsx'
import { type Path, parts } from './route.ts'

export function PageHeader(props: { snapshot: Snapshot | null; connected: boolean; route: Path }) {
  const { snapshot, connected, route } = props
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <header className="page-header">
      <Container size={pageWidth} px={{ base: 'sm', sm: 'lg' }} className="page-header-row">
        <Group gap="sm" wrap="nowrap" miw={0} className="brand">
          <Logo />
          <div style={{ minWidth: 0 }}>
            <Title order={1} size="h4" lh={1.15}>
              Ottla shop
            </Title>
            <Text size="xs" c="dimmed" truncate lh={1.2}>
              {snapshot === null ? 'connecting …' : `${snapshot.ownBroker ? 'Ottla' : 'Cluster'} ${snapshot.brokers}`}
            </Text>
          </div>
        </Group>
        <nav aria-label="Parts of the page" className="parts">
          {parts.map(({ path, name }) => (
            <a key={path} href={`#/${path}`} aria-current={route === path ? 'page' : undefined}>
              {name}
              {path === 'set-aside' ? <Waiting snapshot={snapshot} /> : null}
            </a>
          ))}
        </nav>
        <Group gap="sm" wrap="nowrap" className="page-header-end">
          <Pill color={connected ? 'teal' : 'orange'} role="status">
            {connected ? 'live' : snapshot === null ? 'connecting' : 'not live'}
          </Pill>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`Use the ${other} colours`}
            onClick={() => setColorScheme(other)}
          >
            {scheme === 'dark' ? <Sun /> : <Moon />}
          </ActionIcon>
        </Group>
      </Container>
    </header>
  )
}

/** How many events and dead letters wait for someone. Its place is always there, so the parts don't move. */
function Waiting({ snapshot }: { snapshot: Snapshot | null }) {
  const count = (snapshot?.processes ?? []).reduce(
    (sum, { status }) => sum + (status?.setAside.events ?? 0) + (status?.setAside.deadLetters ?? 0),
    0,
  )
  return (
    <span className="parts-count figures" data-some={count > 0}>
      {count > 99 ? '99+' : count}
    </span>
  )
}

function Logo() {
  return (
    <svg width="34" height="34" viewBox="0 0 32 32" aria-hidden="true" style={{ flex: 'none' }}>
      <rect width="32" height="32" rx="8" fill="var(--shop-events)" />
      <path d="M8 10h6M17 10h7M8 16h4M15 16h9M8 22h9M20 22h4" stroke="white" strokeWidth="3" strokeLinecap="round" />
    </svg>
  )
}
