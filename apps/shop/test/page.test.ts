/** The page in a real browser: it shows what is true, and its buttons do what they say. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { startShop } from './shop.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)
const skip = executablePath === undefined ? 'no Chromium on this machine' : false
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']

let browser: Browser | undefined
let shop: Awaited<ReturnType<typeof startShop>> | undefined
after(async () => {
  await browser?.close()
  await shop?.stop()
})

async function open(): Promise<{ page: Page; complaints: string[] }> {
  shop ??= await startShop()
  browser ??= await chromium.launch({ executablePath: executablePath!, args })
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(shop.url)
  await page.getByText('live', { exact: true }).waitFor()
  return { page, complaints }
}

test('an order in both styles shows its two histories side by side', { skip }, async () => {
  const { page, complaints } = await open()
  await page.getByRole('button', { name: 'Order in both styles' }).click()
  await page.getByTestId('events-status').getByText('confirmed').waitFor()
  await page.getByTestId('rest-status').getByText('confirmed').waitFor()
  const events = page.getByRole('list', { name: 'What happened in Events style' })
  for (const what of ['acknowledged', 'charged', 'reserved', 'mailed: confirmed'])
    await events.getByText(what).waitFor()
  const rest = page.getByRole('list', { name: 'What happened in REST style' })
  for (const what of ['charge', 'reserve', 'notify']) await rest.getByText(what).waitFor()
  assert.deepEqual(complaints, [])
  await page.close()
})

test('a stopped service falls behind during a spike, in plain sight, and catches up when it is started', {
  skip,
}, async () => {
  const { page, complaints } = await open()
  await page.getByRole('button', { name: 'Stop notification' }).click()
  await page.getByTestId('notification-state').getByText('stopped').waitFor()
  await page.getByLabel('Orders', { exact: true }).fill('30')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByTestId('notification-lag').and(page.locator('[data-alarm=true]')).waitFor()
  await page.getByRole('button', { name: 'Start notification' }).click()
  await page.getByTestId('notification-state').getByText('ready').waitFor()
  await page.getByTestId('notification-lag').getByText('0', { exact: true }).waitFor()
  await page.getByRole('region', { name: 'Books' }).getByText('at rest').waitFor()
  assert.equal(await page.getByRole('img', { name: 'wrong' }).count(), 0)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('a killed service comes back by itself, and the page counts the crash', { skip }, async () => {
  const { page } = await open()
  await page.getByRole('button', { name: 'Kill payment' }).click()
  await page.getByRole('article', { name: 'payment' }).getByText('1 crash').waitFor()
  await page.getByTestId('payment-state').getByText('ready').waitFor()
  await page.close()
})

test('refused mails are parked in plain sight; one is skipped with a reason, the rest drain with one button', {
  skip,
}, async () => {
  const { page, complaints } = await open()
  const choose = async (share: string) => {
    await page.getByRole('combobox', { name: 'mail: orders refused' }).click()
    await page.getByRole('option', { name: share, exact: true }).click()
  }
  await choose('100 %')
  await page.getByTestId('mail-state').getByText('faulty').waitFor()
  await page.getByRole('button', { name: 'Events only' }).click()
  await page.getByRole('button', { name: 'Events only' }).click()
  const setAside = page.getByRole('region', { name: 'Set aside' })
  await setAside.getByText('1, 1 behind it').nth(1).waitFor()
  await choose('none')
  await page.getByTestId('mail-state').getByText('well').waitFor()
  await setAside
    .getByRole('button', { name: /^Skip order created/ })
    .first()
    .click()
  await page.getByLabel('Reason').fill('the customer has been called')
  await page.getByRole('button', { name: 'Skip it' }).click()
  await setAside.getByText(/skipped.*the customer has been called/).waitFor()
  await setAside.getByRole('button', { name: 'Retry all parked' }).click()
  await setAside.getByText(/^Nothing\./).waitFor()
  await page.getByRole('region', { name: 'Books' }).getByText('at rest').waitFor()
  assert.equal(await page.getByRole('img', { name: 'wrong' }).count(), 0)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('the page works by keyboard, in the dark, and at the width of a phone', { skip }, async () => {
  const { page } = await open()
  await page.getByLabel('Customer').focus()
  await page.keyboard.press('Enter')
  await page.getByTestId('rest-status').getByText('confirmed').waitFor()
  await page.getByRole('button', { name: 'Use the dark colours' }).click()
  assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), 'dark')
  for (const width of [390, 768, 1280]) {
    await page.setViewportSize({ width, height: 844 })
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    assert.ok(Number(overflow) <= 0, `${width} px: ${overflow} px too wide`)
  }
  await page.close()
})
