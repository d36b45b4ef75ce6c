import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextGapMs, ordinaryOrder, seededRandom } from './arrivals.ts'

const first = (seed: number, count: number) => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, random)
}

test('the same seed gives the same crowd, another seed another', () => {
  assert.deepEqual(first(7, 50), first(7, 50))
  assert.notDeepEqual(first(7, 50), first(8, 50))
})

test('random numbers are spread over the whole range from 0 to 1', () => {
  const numbers = first(1, 10_000)
  assert.ok(numbers.every(number => number >= 0 && number < 1))
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const inTenth = numbers.filter(number => Math.floor(number * 10) === tenth).length
    assert.ok(inTenth > 800 && inTenth < 1200, `${inTenth} of 10,000 in tenth ${tenth}`)
  }
})

test('customers come at the rate that is asked for, and unevenly, as in the world', () => {
  const random = seededRandom(3)
  const gaps = Array.from({ length: 10_000 }, () => nextGapMs(200, random))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  assert.ok(mean > 4.8 && mean < 5.2, `mean gap ${mean} ms`)
  assert.ok(gaps.filter(gap => gap > 10).length > 1000, 'no long gaps: not a Poisson process')
})

test('an ordinary order is small and of what is plentiful', () => {
  for (let number = 0; number < 30; number += 1) {
    const { items } = JSON.parse(ordinaryOrder(number)) as { items: { sku: string; quantity: number }[] }
    assert.equal(items.length, 1)
    assert.ok(['mug', 'notebook', 'pencil'].includes(items[0]!.sku))
    assert.ok(items[0]!.quantity >= 1 && items[0]!.quantity <= 3)
  }
})
