/** One order, in the styles that are chosen. */
import { Button, Chip, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Style } from '../../contracts/http.ts'
import { type Placed, type Product, placeOrder, readProducts } from '../shell/api.ts'
import { euros, milliseconds } from '../shell/format.ts'
import { styleNames } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'

/** What an order can run into. */
const presets = [
  { name: 'a mug, which works', sku: 'mug', quantity: 1 },
  { name: 'a desk, above the card’s limit', sku: 'desk', quantity: 1 },
  { name: 'four prints, of which there are three', sku: 'print', quantity: 4 },
] as const

export function OrderForm(props: {
  styles: readonly Style[]
  chosen: readonly Style[]
  onChoose: (styles: Style[]) => void
  onPlaced: (placed: Placed) => void
}) {
  const { styles, chosen, onChoose, onPlaced } = props
  const products = useProducts()
  const [sku, setSku] = useState('mug')
  const [quantity, setQuantity] = useState(1)
  const [customerId, setCustomerId] = useState('customer-1')
  const [busy, setBusy] = useState(false)
  const [answers, setAnswers] = useState<Placed[]>([])

  const place = async () => {
    setBusy(true)
    const request = { customerId, items: [{ sku, quantity }] }
    const placed: Placed[] = []
    // One after the other: at the same time, each would slow the other down and spoil the comparison.
    for (const style of styles.filter(name => chosen.includes(name))) {
      const answer = await placeOrder(request, style)
      placed.push(answer)
      onPlaced(answer)
    }
    setAnswers(placed)
    setBusy(false)
  }

  return (
    <Section title="Place an order" hint="The same order, once in each style that you choose.">
      <form
        onSubmit={event => {
          event.preventDefault()
          void place()
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
          <div className="presets">
            <Text size="sm" c="dimmed">
              Or try
            </Text>
            {presets.map(preset => (
              <Button
                key={preset.name}
                size="compact-sm"
                variant="default"
                onClick={() => {
                  setSku(preset.sku)
                  setQuantity(preset.quantity)
                }}
              >
                {preset.name}
              </Button>
            ))}
          </div>
          <Group gap="sm" justify="space-between">
            <Chip.Group multiple value={[...chosen]} onChange={names => onChoose(names as Style[])}>
              <Group gap="xs" role="group" aria-label="Styles">
                {styles.map(style => (
                  <Chip key={style} value={style} size="sm">
                    {styleNames[style]}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
            <Button type="submit" loading={busy} disabled={chosen.length === 0}>
              Place the order
            </Button>
          </Group>
          <Stack gap={2} mih={22 * styles.length} role="status">
            {answers.length === 0 ? (
              <Text size="sm" c="dimmed">
                The answers will be here.
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
