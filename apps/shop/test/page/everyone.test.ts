/** The page for everyone: by keyboard, in the dark, on a phone, and by what axe can tell. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { open, skip } from './browser.ts'

const parts = ['', 'orders', 'log', 'services', 'set-aside']

type Violation = { id: string; nodes: { html: string; failureSummary: string }[] }

async function violations(page: Page): Promise<string[]> {
  const found = (await page.evaluate('axe.run().then(result => result.violations)')) as Violation[]
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(node => `${node.html} ${node.failureSummary}`).join('\n')}`)
}

test('axe finds nothing wrong on any part, in light and in dark', { skip }, async () => {
  const { page, shop } = await open()
  await shop.post({ customerId: 'c', items: [{ sku: 'mug', quantity: 1 }] })
  const found: string[] = []
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme })
    for (const part of parts) {
      await page.goto(`${shop.url}/#/${part}`)
      await page.reload()
      await page.getByText('live', { exact: true }).waitFor()
      await page.addScriptTag({ content: axe.source })
      for (const violation of await violations(page)) found.push(`#/${part} in ${scheme}: ${violation}`)
    }
  }
  assert.deepEqual(found, [])
  await page.close()
})

test('no part is wider than a phone, a tablet or a laptop', { skip }, async () => {
  const { page, shop } = await open()
  for (const part of parts) {
    await page.goto(`${shop.url}/#/${part}`)
    for (const width of [390, 768, 1280]) {
      await page.setViewportSize({ width, height: 844 })
      const fits = 'document.documentElement.scrollWidth <= window.innerWidth'
      await page.waitForFunction(fits).catch(() => assert.fail(`#/${part} is wider than ${width} px`))
    }
  }
  await page.close()
})

test('all can be done by keyboard: an order, a process’s menu, the colours', { skip }, async () => {
  const { page } = await open('orders')
  await page.getByLabel('Customer').focus()
  await page.keyboard.press('Enter')
  await page.getByTestId('rest-status').getByText('confirmed').waitFor()
  await page.getByRole('button', { name: /^mail\s*:/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: /^Stop/ }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('menuitem', { name: /^Stop/ }).waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Use the dark colours' }).focus()
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), 'dark')
  await page.close()
})

test('nothing moves while the data stream in', { skip }, async () => {
  const { page, shop } = await open()
  const places = () =>
    page.evaluate(
      "[...document.querySelectorAll('section, .cast-member')].map(element => JSON.stringify([element.offsetTop, element.offsetLeft, element.offsetWidth, element.offsetHeight]))",
    )
  const before = await places()
  for (const style of ['events', 'rest'] as const)
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        shop.post({ customerId: `c${n}`, items: [{ sku: 'mug', quantity: 1 }] }, { style }),
      ),
    )
  await page.getByTestId('rest-confirmed').getByText(/^1\d$/).waitFor()
  assert.deepEqual(await places(), before)
  await page.close()
})
