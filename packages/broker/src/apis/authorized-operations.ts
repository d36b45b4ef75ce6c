/**
 * What a client may do, as bits by Kafka's operation codes (KIP-430). There is no authorizer, so: everything that the kind of
 * resource allows.
 */

const operations = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
}

function bits(...names: (keyof typeof operations)[]): number {
  return names.reduce((sum, name) => sum | (1 << operations[name]), 0)
}

export const topicOperations: number = bits(
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'describeConfigs',
  'alterConfigs',
)

export const groupOperations: number = bits('read', 'delete', 'describe', 'describeConfigs', 'alterConfigs')

export const clusterOperations: number = bits(
  'create',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
)

/** The client did not ask. */
export const operationsNotAsked = -(2 ** 31)
