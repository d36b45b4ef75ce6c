/** `ottla cluster info` */

import { printJson, printTable } from './output.ts'
import { type ClientOptions, withCluster } from './session.ts'

export function clusterInfo(options: ClientOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const { clusterId, controllerId, brokers } = await cluster.metadata([])
    const topics = await cluster.topics()
    const partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0)
    if (options.json) {
      printJson({ clusterId, controllerId, brokers, topics: topics.length, partitions })
      return
    }
    process.stdout.write(`cluster ${clusterId}: ${topics.length} topics, ${partitions} partitions\n\n`)
    printTable(
      ['BROKER', 'HOST', 'PORT', 'RACK', 'CONTROLLER'],
      brokers.map(({ nodeId, host, port, rack }) => [nodeId, host, port, rack, nodeId === controllerId ? 'yes' : '']),
    )
  })
}
