/** A card with a title, a sentence of what is seen in it, and room at the right. */
import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

export function Section(props: {
  title: string
  hint?: string
  aside?: ReactNode
  className?: string
  children: ReactNode
}) {
  const { title, hint, aside, className = '', children } = props
  return (
    <section className={`card ${className}`} aria-label={title}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" mb="sm">
        <div>
          <Title order={2} size="h5">
            {title}
          </Title>
          {hint === undefined ? null : (
            <Text size="sm" c="dimmed" lh={1.4}>
              {hint}
            </Text>
          )}
        </div>
        {aside}
      </Group>
      {children}
    </section>
  )
}
