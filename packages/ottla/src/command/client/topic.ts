/** `ottla topic …` */

import { endOffsets, offsetAt, offsetOf } from '../../client/offsets.ts'
import { configsOf, createTopic, deleteTopic, type NewTopic } from '../../client/topics.ts'
import { note, printJson, printTable } from './output.ts'
import { type ClientOptions, confirm, withCluster } from './session.ts'

export function listTopics(options: ClientOptions & { internal?: boolean }): Promise<number> {
  return withCluster(options, async cluster => {
    const topics = (await cluster.topics()).filter(({ isInternal }) => options.internal || !isInternal)
    if (options.json) {
      for (const { name, partitions, isInternal } of topics)
        printJson({ name, partitions: partitions.length, isInternal })
      return
    }
    printTable(
      ['TOPIC', 'PARTITIONS', 'REPLICAS'],
      topics.map(({ name, partitions }) => [name, partitions.length, partitions[0]?.replicas.length ?? 0]),
    )
  })
}

export function describeTopic(name: string, options: ClientOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const topic = await cluster.topic(name)
    const ends = await endOffsets(
      cluster,
      topic.partitions.map(({ partition }) => ({ topic: name, partition })),
    )
    const partitions = await Promise.all(
      topic.partitions.map(async ({ partition, leader, replicas, inSyncReplicas }) => {
        const startOffset = await offsetOf(cluster, { topic: name, partition }, offsetAt.beginning)
        const endOffset = ends.get(`${name}/${partition}`) ?? startOffset
        return { partition, leader, replicas, inSyncReplicas, startOffset, endOffset }
      }),
    )
    const configs = (await configsOf(cluster, { type: 'topic', name })).filter(({ isOwn }) => isOwn)
    if (options.json) {
      const own = Object.fromEntries(configs.map(({ name, value }) => [name, value]))
      printJson({ name, id: topic.id, isInternal: topic.isInternal, configs: own, partitions })
      return
    }
    printTable(
      ['PARTITION', 'LEADER', 'REPLICAS', 'IN SYNC', 'START', 'END', 'RECORDS'],
      partitions.map(({ partition, leader, replicas, inSyncReplicas, startOffset, endOffset }) => [
        partition,
        leader,
        replicas.join(','),
        inSyncReplicas.join(','),
        startOffset,
        endOffset,
        endOffset - startOffset,
      ]),
    )
    if (configs.length === 0) return
    process.stdout.write('\n')
    printTable(
      ['CONFIG', 'VALUE'],
      configs.map(({ name, value }) => [name, value]),
    )
  })
}

export type CreateTopicOptions = ClientOptions & Omit<NewTopic, 'name' | 'configs'> & { config: NewTopic['configs'] }

export function createTopicCommand(name: string, options: CreateTopicOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const { partitions, replicas, config: configs } = options
    await createTopic(cluster, { name, partitions, replicas, configs })
    const { id, partitions: created } = await cluster.topic(name)
    if (options.json) printJson({ name, id, partitions: created.length })
    else note(`Created ${name} with ${created.length} partitions`)
  })
}

export function deleteTopics(names: readonly string[], options: ClientOptions & { yes?: boolean; dryRun?: boolean }) {
  return withCluster(options, async cluster => {
    for (const name of names) await cluster.topic(name) // all of them are there, or none is touched
    if (options.dryRun) {
      for (const name of names) note(`Would delete ${name}`)
      return
    }
    await confirm(`Deletes ${names.join(', ')} with all records`, options)
    for (const name of names) {
      await deleteTopic(cluster, name)
      note(`Deleted ${name}`)
    }
  })
}
