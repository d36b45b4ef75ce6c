/** One order, in either style or in both at once. */
import { Button, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Style } from '../contracts/http.ts'
import { type Placed, type Product, placeOrder, readProducts } from './api.ts'
import { euros, milliseconds } from './format.ts'
import { Section } from './section.tsx'

const styleNames: Record<Style, string> = {
  events: 'Events',
  rest: 'REST',
  'rest-hardened': 'calls with retries',
  mixed: 'payment inline',
}

export function OrderForm({ onPlaced }: { onPlaced: (placed: Placed) => void }) {
  const products = useProducts()
  const [sku, setSku] = useState('mug')
  const [quantity, setQuantity] = useState(1)
  const [customerId, setCustomerId] = useState('customer-1')
  const [busy, setBusy] = useState(false)
  const [answers, setAnswers] = useState<Placed[]>([])

  const place = async (styles: Style[]) => {
    setBusy(true)
    const request = { customerId, items: [{ sku, quantity }] }
    const placed: Placed[] = []
    // One after the other: at the same time, each would slow the other down and spoil the comparison.
    for (const style of styles) {
      const answer = await placeOrder(request, style)
      placed.push(answer)
      onPlaced(answer)
    }
    setAnswers(placed)
    setBusy(false)
  }

  return (
    <Section
      title="Place an order"
      hint="Events: stored in the log, and everyone takes it from there. REST: three calls in turn."
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          void place(['events', 'rest'])
        }}
      >
        <Stack gap="sm">
          <Group gap="sm" align="flex-end" wrap="wrap">
            <Select
              label="Product"
              flex="2 1 200px"
              data={products.map(product => ({
                value: product.sku,
                label: `${product.name}, ${euros(product.unitPrice)}`,
              }))}
              value={sku}
              onChange={value => value !== null && setSku(value)}
              allowDeselect={false}
            />
            <NumberInput
              label="Quantity"
              flex="1 1 80px"
              min={1}
              max={1000}
              allowDecimal={false}
              value={quantity}
              onChange={value => setQuantity(Number(value) || 1)}
            />
            <TextInput
              label="Customer"
              flex="1 1 120px"
              value={customerId}
              onChange={event => setCustomerId(event.currentTarget.value)}
            />
          </Group>
          <Group gap="sm">
            <Button type="submit" loading={busy}>
              Order in both styles
            </Button>
            <Button variant="default" disabled={busy} onClick={() => void place(['events'])}>
              Events only
            </Button>
            <Button variant="default" disabled={busy} onClick={() => void place(['rest'])}>
              REST only
            </Button>
          </Group>
          <Stack gap={2} mih={44} role="status">
            {answers.length === 0 ? (
              <Text size="sm" c="dimmed">
                A desk costs more than the card’s limit, and of the print there are three: try those too.
              </Text>
            ) : (
              answers.map(answer => <Answer key={answer.style} answer={answer} />)
            )}
          </Stack>
        </Stack>
      </form>
    </Section>
  )
}

function Answer({ answer }: { answer: Placed }) {
  const { statusCode, style, answeredAfterMs, text } = answer
  const isGood = statusCode >= 200 && statusCode < 300
  return (
    <Text size="sm" c={isGood ? undefined : 'red'} className="figures">
      <b>{styleNames[style]}</b>: {statusCode === 0 ? '' : `${statusCode}, `}
      {text}, after {milliseconds(answeredAfterMs)}
    </Text>
  )
}

/** The Order service may still be starting: ask again until it answers. */
function useProducts(): Product[] {
  const [products, setProducts] = useState<Product[]>([
    { sku: 'mug', name: 'Enamel mug', unitPrice: 1290, currency: 'EUR' },
  ])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const load = () => {
      readProducts().then(setProducts, () => {
        timer = setTimeout(load, 1000)
      })
    }
    load()
    return () => clearTimeout(timer)
  }, [])
  return products
}
