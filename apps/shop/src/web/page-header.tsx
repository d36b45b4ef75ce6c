import {
  ActionIcon,
  Badge,
  Container,
  Group,
  Text,
  Title,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import type { Snapshot } from '../stage/snapshot.ts'

export function PageHeader({ snapshot, connected }: { snapshot: Snapshot | null; connected: boolean }) {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <header className="page-header">
      <Container size={1280}>
        <Group justify="space-between" wrap="nowrap" h={64}>
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Logo />
            <div style={{ minWidth: 0 }}>
              <Title order={1} size="h4" lh={1.1}>
                Ottla shop
              </Title>
              <Text size="xs" c="dimmed" truncate>
                {snapshot === null
                  ? 'connecting …'
                  : `${snapshot.ownBroker ? 'Ottla' : 'Cluster'} at ${snapshot.brokers}`}
              </Text>
            </div>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <Badge variant="light" color={connected ? 'teal' : 'orange'} role="status" miw={92}>
              {connected ? 'live' : snapshot === null ? 'connecting' : 'not live'}
            </Badge>
            <ActionIcon
              variant="default"
              size="lg"
              aria-label={`Use the ${other} colours`}
              onClick={() => setColorScheme(other)}
            >
              {scheme === 'dark' ? '☀' : '☾'}
            </ActionIcon>
          </Group>
        </Group>
      </Container>
    </header>
  )
}

function Logo() {
  return (
    <svg width="32" height="32" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--mantine-primary-color-filled)" />
      <path d="M9 10h14M9 16h10M9 22h6" stroke="white" strokeWidth="3" strokeLinecap="round" />
    </svg>
  )
}
