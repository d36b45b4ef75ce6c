/** DescribeCluster (KIP-700): cluster id, controller and nodes. v1 asks for brokers or controllers (KIP-919). */

import { describeCluster, KafkaError } from '@ottla/protocol'
import { addressFor } from '../network/listener-address.ts'
import { clusterOperations, operationsNotAsked } from './authorized-operations.ts'
import { handler } from './handler.ts'

const brokers = 1
const controllers = 2

export const describeClusterHandler = handler(
  describeCluster,
  ({ request, broker, connection }) => {
    const { endpointType } = request
    if (endpointType === controllers) {
      throw new KafkaError(
        'MISMATCHED_ENDPOINT_TYPE',
        'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
      )
    }
    if (endpointType !== brokers)
      throw new KafkaError('UNSUPPORTED_ENDPOINT_TYPE', `Unsupported endpoint type ${endpointType}`)
    const { host, port } = addressFor(connection, broker.advertisedListeners)
    return {
      errorCode: 0,
      endpointType,
      clusterId: broker.clusterId,
      controllerId: broker.nodeId,
      brokers: [{ brokerId: broker.nodeId, host, port, rack: broker.settings.get('broker.rack'), isFenced: false }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : operationsNotAsked,
    }
  },
  {
    refuse: ({ errorCode, errorMessage }) => ({
      errorCode,
      errorMessage,
      endpointType: brokers,
      clusterId: '',
      brokers: [],
    }),
  },
)
