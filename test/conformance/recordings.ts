/**
 * Apache Kafka's answers as they are kept in the repository: one file an API, one line an exchange, compressed (`zcat` shows
 * them). Written only by `npm run conformance -- --record`, never by hand.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Scenario } from './scenario.ts'
import type { Json, RenderedExchange } from './transcript.ts'

const directory = join(import.meta.dirname, 'recorded')

/** Transcripts by the name of their scenario. */
export type Transcripts = ReadonlyMap<string, readonly RenderedExchange[]>

export function readRecordings(): Transcripts {
  const transcripts = new Map<string, RenderedExchange[]>()
  if (!existsSync(directory)) return transcripts
  for (const file of readdirSync(directory)) {
    let transcript: RenderedExchange[] | undefined
    for (const line of gunzipSync(readFileSync(join(directory, file)))
      .toString()
      .trimEnd()
      .split('\n')) {
      if (line.startsWith('# ')) {
        transcript = []
        transcripts.set(line.slice(2), transcript)
      } else {
        const [asked, client, request, answer] = JSON.parse(line) as [string, string, Json, Json]
        if (transcript === undefined) throw new Error(`${file} does not begin with a scenario`)
        transcript.push({ asked, client, request, answer })
      }
    }
  }
  return transcripts
}

/** Replaces all recordings. */
export async function writeRecordings(scenarios: readonly Scenario[], transcripts: Transcripts): Promise<void> {
  const files = new Map<string, string[]>()
  for (const { api, name, file = api.name } of scenarios) {
    const lines = files.get(file) ?? []
    files.set(file, lines)
    lines.push(`# ${name}`)
    for (const { asked, client, request, answer } of transcripts.get(name) ?? []) {
      lines.push(JSON.stringify([asked, client, request, answer]))
    }
  }
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  for (const [name, lines] of files)
    await writeFile(join(directory, `${name}.jsonl.gz`), gzipSync(`${lines.join('\n')}\n`, { level: 9 }))
}
