import { startOttla } from 'ottla'

/** Once for all test files: they get the path of a snapshot, which crosses processes. */
export default async function setup({ provide }) {
  const ottla = await startOttla({
    topics: { orders: { partitions: 3 }, payments: {}, prices: { records: [{ key: 'mug', value: { price: 12 } }] } },
  })
  provide('snapshot', await ottla.snapshot())
  return () => ottla.stop()
}
