const { startOttla } = require('ottla')

/** Once for all test files: Jest's workers inherit the environment, and a snapshot's path crosses processes. */
module.exports = async () => {
  globalThis.ottla = await startOttla({ topics: { orders: { partitions: 3 }, payments: {} } })
  process.env.OTTLA_SNAPSHOT = await globalThis.ottla.snapshot()
}
