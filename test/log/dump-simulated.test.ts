/** Apache Kafka's DumpLogSegments reads what simulated crashes, recoveries, compactions and retention leave behind, all files of it. */

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool } from '../apache-kafka/tools.ts'
import { simulate } from '../simulate/simulation.ts'

const seeds = Array.from({ length: 8 }, (_, i) => i + 1)

/** Paths of all files, copied to the real disk: one directory for each seed. */
async function simulatedFiles(root: string): Promise<string[]> {
  const paths: string[] = []
  for (const seed of seeds) {
    const { disk, finding } = await simulate({ seed, lives: 12 })
    assert.equal(finding, undefined)
    for (const name of disk.files()) {
      const file = disk.find(name)
      assert.ok(file?.kind === 'file')
      const path = join(root, String(seed), name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, file.read(0, file.sizeInBytes))
      paths.push(path)
    }
  }
  return paths
}

test('Apache Kafka finds nothing wrong in the directories of simulated runs', {
  skip: await whyNoApacheKafka(),
}, async t => {
  const root = await mkdtemp(join(tmpdir(), 'ottla-dump-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const paths = await simulatedFiles(root)
  const files = (pattern: RegExp) => paths.filter(path => pattern.test(path))
  const dump = (files: readonly string[], ...options: string[]) =>
    runTool('dump-log', [...options, '--files', files.join(',')])

  const logs = files(/(stable|comes|goes)[^/]*\/\d+\.log$/)
  assert.ok(logs.length > 50)
  const records = await dump(logs, '--deep-iteration')
  assert.match(records, /isvalid: true/)
  assert.match(records, /deleteHorizonMs: OptionalLong\[\d+\]/)
  const decoded = {
    '--offsets-decoder': await dump(files(/__consumer_offsets-\d+\/\d+\.log$/), '--offsets-decoder'),
    '--cluster-metadata-decoder': await dump(files(/__cluster_metadata-0\/\d+\.log$/), '--cluster-metadata-decoder'),
  }
  assert.match(decoded['--offsets-decoder'], /"group":"consumer-crew"/)
  assert.match(decoded['--cluster-metadata-decoder'], /TOPIC_RECORD/)
  const states = await dump(files(/\.(snapshot|txnindex)$/).filter(path => !path.includes('__cluster_metadata')))
  assert.match(states, /producerId: \d+ producerEpoch/)
  const indexes = await dump(files(/\.(index|timeindex)$/))
  for (const output of [records, ...Object.values(decoded), states, indexes]) {
    assert.doesNotMatch(output, /isvalid: false|Found|mismatch|out of order|not found|corrupt|Exception|Could not/i)
  }
})
