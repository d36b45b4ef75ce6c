/**
 * Apache Kafka's wire protocol as data: messages, record batches, errors. Pure: no I/O, no state, no clock.
 */

export * from './apis.ts'
export * from './batch/index.ts'
export * from './errors.ts'
export * from './headers.ts'
export * from './messages/index.ts'
export * from './records/index.ts'
export * from './schema/index.ts'
