/** `meta.properties`: whose data directory this is. Kafka's file, version 1 (KIP-631, directory ids KIP-858). Pure. */

import { StorageError } from './storage-error.ts'

export interface MetaProperties {
  clusterId: string
  nodeId: number
  directoryId: string
}

export function formatMetaProperties({ clusterId, nodeId, directoryId }: MetaProperties): Buffer {
  return Buffer.from(`version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`, 'utf8')
}

/** `directoryId` is null in files of older Kafkas. Throws a StorageError that says what to do. */
export function parseMetaProperties(
  content: Buffer,
  path: string,
): Omit<MetaProperties, 'directoryId'> & { directoryId: string | null } {
  const properties = new Map<string, string>()
  for (const line of content.toString('utf8').split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*)$/.exec(line)
    if (match) properties.set(match[1]!, match[2]!.replace(/\\(.)/g, '$1'))
  }
  const version = properties.get('version')
  if (version !== '1') {
    throw new StorageError(whyUnsupported(version), { path, code: 'UNSUPPORTED_LAYOUT' })
  }
  const clusterId = properties.get('cluster.id')
  const nodeId = Number(properties.get('node.id') || Number.NaN)
  if (!clusterId || !Number.isInteger(nodeId)) {
    throw new StorageError('The file lacks cluster.id or node.id. Restore it from a backup, or add the lines', {
      path,
      code: 'DAMAGED',
    })
  }
  return { clusterId, nodeId, directoryId: properties.get('directory.id') ?? null }
}

function whyUnsupported(version: string | undefined): string {
  const untouched = 'Nothing was changed'
  if (version === undefined) return `The file names no layout version. ${untouched}: restore the file from a backup`
  if (Number(version) > 1) {
    return `The data directory has the layout version ${version}, which is newer than this program's (1). ${untouched}: use the version of Ottla or Apache Kafka that wrote it`
  }
  return `The data directory has the layout version ${version}, of an Apache Kafka with ZooKeeper. ${untouched}: migrate it to KRaft with Apache Kafka 3.9 first, or choose another directory`
}
