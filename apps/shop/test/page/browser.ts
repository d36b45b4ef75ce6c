/** A real browser on a real shop, for the page's tests: one of each for a test file. */
import { existsSync } from 'node:fs'
import { after } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { startShop } from '../shop.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)
export const skip = executablePath === undefined ? 'no Chromium on this machine' : false
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
/** A machine under load is slow, not wrong. */
const patienceMs = 90_000

let browser: Promise<Browser> | undefined
let shop: ReturnType<typeof startShop> | undefined

after(async () => {
  await (await browser)?.close()
  await (await shop)?.stop()
})

/** @param part the path after `#/`; @returns the page, the shop behind it, and all that the browser complained about */
export async function open(part = ''): Promise<{
  page: Page
  shop: Awaited<ReturnType<typeof startShop>>
  complaints: string[]
}> {
  shop ??= startShop()
  browser ??= chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args })
  const running = await shop
  const page = await (await browser).newPage({ viewport: { width: 1280, height: 900 } })
  page.setDefaultTimeout(patienceMs)
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(`${running.url}/#/${part}`)
  await page.getByText('live', { exact: true }).waitFor()
  return { page, shop: running, complaints }
}

/** Through the menu that every part of the page has. */
export async function choose(page: Page, process: string, action: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Processes' })
    .getByRole('button', { name: new RegExp(`^${process}\\s*:`) })
    .click()
  await page.getByRole('menuitem', { name: new RegExp(`^${action}`) }).click()
}

/** The auditor has come to a verdict, and it is a good one. */
export async function booksAddUp(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link', { name: 'Live' }).click()
  await page.getByRole('region', { name: 'Books' }).getByText('adds up', { exact: true }).waitFor()
}
