/** The page in a real browser: it shows what is true, and its buttons do what they say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { booksAddUp, choose, open, skip } from './browser.ts'

test('an order in two styles shows its two histories side by side', { skip }, async () => {
  const { page, complaints } = await open('orders')
  await page.getByRole('button', { name: 'Place the order' }).click()
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

test('customers come at the rate that was chosen, and stop coming', { skip }, async () => {
  const { page, complaints } = await open()
  const events = page.getByRole('region', { name: 'Events through a log' })
  await events.getByRole('button', { name: 'More orders, Events' }).click()
  await events.getByText('1 orders a second').waitFor()
  await page.getByRole('button', { name: 'Spike of 200 orders, Events' }).click()
  await page
    .getByTestId('events-confirmed')
    .getByText(/^[1-9]/)
    .waitFor()
  await events.getByRole('button', { name: 'Fewer orders, Events' }).click()
  await events.getByText('0 orders a second').waitFor()
  await booksAddUp(page)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('a stopped service falls behind, in plain sight, and catches up when it is started', { skip }, async () => {
  const { page, shop, complaints } = await open('services')
  await choose(page, 'notification', 'Stop')
  await page.getByTestId('notification-state').getByText('stopped').waitFor()
  for (let count = 0; count < 5; count += 1) await shop.post({ customerId: 'c', items: [{ sku: 'mug', quantity: 1 }] })
  await page.getByTestId('notification-lag').and(page.locator('[data-alarm=true]')).waitFor()
  await choose(page, 'notification', 'Start')
  await page.getByTestId('notification-state').getByText('ready').waitFor()
  await page.getByTestId('notification-lag').getByText('0', { exact: true }).waitFor()
  await booksAddUp(page)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('a killed service comes back by itself, and the page counts the crash', { skip }, async () => {
  const { page } = await open('services')
  await page.getByRole('button', { name: 'Kill payment' }).click()
  await page.getByRole('article', { name: 'payment' }).getByText('1 crash').waitFor()
  await page.getByTestId('payment-state').getByText('ready').waitFor()
  await page.close()
})

test('an offset opens to its event and its order; a group moved back to it reads again and does nothing twice', {
  skip,
}, async () => {
  const { page, shop, complaints } = await open('log')
  const { body } = await shop.post({ customerId: 'c', items: [{ sku: 'notebook', quantity: 2 }] })
  await shop.untilFinal(body.orderId)
  await shop.untilAtRest()
  const mails = (await shop.order(body.orderId)).history.filter(({ what }) => what === 'mailed').length
  // Some offset of some partition: which one the order went to is the partitioner's choice.
  await page
    .getByRole('button', { name: /^Offset \d+: order created/ })
    .last()
    .click()
  const event = page.getByRole('dialog')
  await event.getByRole('heading', { name: 'order created' }).waitFor()
  await event.getByText('"customerId"').waitFor()
  await event.getByRole('list', { name: 'What happened in this order style' }).getByText('acknowledged').waitFor()
  await event.getByRole('button', { name: 'Read from here, notification' }).click()
  await page.getByRole('button', { name: 'Move notification', exact: true }).click()
  await page.getByRole('button', { name: 'Move notification', exact: true }).waitFor({ state: 'hidden' })
  await event.getByRole('button', { name: 'Close' }).click()
  await page.getByTestId('notification-behind').getByText('0', { exact: true }).waitFor()
  const { processes } = await shop.untilAtRest()
  const notification = processes.find(({ name }) => name === 'notification')
  assert.ok((notification?.status?.consumer.repeated ?? 0) >= 1, 'nothing was read again')
  assert.equal((await shop.order(body.orderId)).history.filter(({ what }) => what === 'mailed').length, mails)
  await booksAddUp(page)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('refused mails are parked in plain sight; one is skipped with a reason, the rest drain with one button', {
  skip,
}, async () => {
  const { page, shop, complaints } = await open('services')
  const pick = async (share: string) => {
    await page.getByRole('combobox', { name: 'mail: orders refused' }).click()
    await page.getByRole('option', { name: share, exact: true }).click()
  }
  const go = (part: string) =>
    page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link', { name: part }).click()
  await pick('100 %')
  await page.getByTestId('mail-state').getByText('faulty').waitFor()
  for (const customerId of ['one', 'two']) await shop.post({ customerId, items: [{ sku: 'mug', quantity: 1 }] })
  await go('Set aside')
  const setAside = page.getByRole('region', { name: 'Set aside' })
  await setAside.getByText('1 behind it').nth(1).waitFor()
  await setAside
    .getByRole('button', { name: /^Show order created/ })
    .first()
    .click()
  await page.getByRole('dialog').getByText('"customerId"').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await go('Services')
  await pick('none')
  await page.getByTestId('mail-state').getByText('well').waitFor()
  await go('Set aside')
  await setAside
    .getByRole('button', { name: /^Skip order created/ })
    .first()
    .click()
  await page.getByLabel('Reason').fill('the customer has been called')
  await page.getByRole('button', { name: 'Skip it' }).click()
  await page
    .getByRole('region', { name: 'Decisions' })
    .getByText(/skipped.*the customer has been called/)
    .waitFor()
  await setAside.getByRole('button', { name: 'Retry all parked' }).click()
  await setAside.getByText(/^Nothing\./).waitFor()
  await booksAddUp(page)
  assert.deepEqual(complaints, [])
  await page.close()
})
