/** One thing that was set aside, whole; and giving it up, with a reason that is kept. */
import { Button, Code, Group, Modal, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { post, read } from '../shell/api.ts'
import type { Waiting } from './use-set-aside.ts'

export function ShowDialog({ row, onClose }: { row: Waiting | null; onClose: () => void }) {
  const [content, setContent] = useState<unknown>()
  const path = row?.readPath
  useEffect(() => {
    setContent(undefined)
    if (path === undefined) return
    let isCurrent = true
    void read(path).then(found => {
      if (isCurrent) setContent(found ?? 'The service does not answer.')
    })
    return () => {
      isCurrent = false
    }
  }, [path])
  return (
    <Modal
      opened={row !== null}
      onClose={onClose}
      title={`${row?.what ?? ''}, ${row?.position ?? ''}`}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="sm">
        <Text size="sm">{row?.error}</Text>
        {content === undefined ? <Skeleton height={240} /> : <Code block>{JSON.stringify(content, null, 2)}</Code>}
      </Stack>
    </Modal>
  )
}

export function SkipDialog(props: {
  row: Waiting | null
  onClose: () => void
  onDone: (error: string | undefined) => void
}) {
  const { row, onClose, onDone } = props
  const [reason, setReason] = useState('')
  const skip = () => {
    if (row === null) return
    void post(row.skipPath, { reason }).then(onDone)
    setReason('')
    onClose()
  }
  return (
    <Modal
      opened={row !== null}
      onClose={onClose}
      title={`Skip ${row?.what ?? ''} of ${row?.service ?? ''}`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          skip()
        }}
      >
        <Stack gap="sm">
          <Text size="sm">It will never have its effect. The events behind it go on. The reason is kept.</Text>
          <TextInput
            label="Reason"
            required
            data-autofocus
            maxLength={500}
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" disabled={reason.trim() === ''}>
              Skip it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
