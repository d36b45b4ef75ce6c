/**
 * FindCoordinator: the one node there is coordinates every group and every transactional id. The first question creates the topic
 * that keeps them, so that what follows finds it. v1 transactional ids, v4 asks for several keys at once (KIP-699).
 */

import { errorCode, findCoordinator, KafkaError } from '@ottla/protocol'
import { addressFor } from '../network/listener-address.ts'
import type { BrokerServices, ConnectionInfo } from '../services.ts'
import { handler } from './handler.ts'

/** CoordinatorType of Kafka's protocol. */
const groupKeyType = 0
const transactionKeyType = 1

const nowhere = { nodeId: -1, host: '', port: -1 }

export const findCoordinatorHandler = handler(
  findCoordinator,
  async ({ request, version, broker, connection }) => {
    const { keyType } = request
    if (version < 4) {
      const node = await find({ keyType, key: request.key, broker, connection })
      return { ...node, errorCode: errorCode('NONE'), errorMessage: 'NONE', coordinators: [] }
    }
    const coordinators = []
    for (const key of request.coordinatorKeys) {
      try {
        const node = await find({ keyType, key, broker, connection })
        coordinators.push({ key, ...node, errorCode: errorCode('NONE'), errorMessage: '' })
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        coordinators.push({ key, ...nowhere, errorCode: error.code, errorMessage: error.message })
      }
    }
    return { coordinators, ...nowhere, errorCode: errorCode('NONE'), errorMessage: null }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      ...{ errorCode, errorMessage, ...nowhere },
      coordinators: request.coordinatorKeys.map(key => ({ key, ...nowhere, errorCode, errorMessage })),
    }),
  },
)

interface Question {
  keyType: number
  key: string
  broker: BrokerServices
  connection: ConnectionInfo
}

async function find({ keyType, key, broker, connection }: Question) {
  if (keyType !== groupKeyType && keyType !== transactionKeyType) {
    // What Kafka answers for a kind of coordinator that it does not run: clients stop at once instead of asking for a minute.
    throw new KafkaError(
      'INVALID_REQUEST',
      'This version of the broker coordinates consumer groups and transactions only.',
    )
  }
  const shard = await (keyType === groupKeyType ? broker.groups : broker.transactions).shard(key)
  if (!shard.isLoading) shard.assertActive()
  const { host, port } = addressFor(connection, broker.advertisedListeners)
  return { nodeId: broker.nodeId, host, port }
}
