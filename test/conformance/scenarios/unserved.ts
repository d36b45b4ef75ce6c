/** Frames that no client of good will sends: unknown APIs and versions, bodies that are cut off. */
import { apiVersions, fetch, heartbeat, metadata, produce } from '@ottla/protocol'
import { once, type Scenario } from '../scenario.ts'
import { frameByHand } from './frames.ts'

export const unservedScenarios: readonly Scenario[] = [
  once(metadata, 'versions that do not exist', async t => {
    for (const { key, versions } of [metadata, produce, fetch, heartbeat]) {
      for (const version of [versions.lowest - 1, versions.highest + 1, 32767]) {
        const speaker = await t.client('strange')
        await speaker.askRaw(frameByHand({ apiKey: key, version, headerVersion: 2 }))
      }
    }
  }),
  once(metadata, 'APIs that do not exist', async t => {
    for (const apiKey of [-1, 999, 32767, 4, 5, 6, 7]) {
      const speaker = await t.client('strange')
      await speaker.askRaw(frameByHand({ apiKey, version: 0, headerVersion: 1 }))
    }
  }),
  once(metadata, 'bodies that are cut off, or too long', async t => {
    const bodies: readonly (readonly [version: number, body: Buffer])[] = [
      [1, Buffer.alloc(0)],
      [1, Buffer.from([0, 0, 0, 1])],
      [1, Buffer.from([0, 0, 0, 1, 0, 5, 0x61])],
      [1, Buffer.from([0x7f, 0xff, 0xff, 0xff])],
      [1, Buffer.from([0, 0, 0, 0, 9, 9, 9])],
      [1, Buffer.from([0, 0, 0, 1, 0xff, 0xff])],
    ]
    for (const [version, body] of bodies) {
      const speaker = await t.client('strange')
      await speaker.askRaw(frameByHand({ apiKey: metadata.key, version, headerVersion: 1, body }), {
        api: metadata,
        version,
      })
    }
  }),
  once(apiVersions, 'sizes that can not be', async t => {
    for (const size of [0, 1, 4, -1, 0x7fffffff]) {
      const frame = Buffer.alloc(8)
      frame.writeInt32BE(size)
      const speaker = await t.client('strange')
      await speaker.askRaw(frame.subarray(0, 4 + Math.min(Math.max(size, 0), 4)))
    }
  }),
]
