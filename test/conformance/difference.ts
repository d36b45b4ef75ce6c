/** What differs between Apache Kafka's transcript and ours: one entry a field, with the path that leads to it. */
import type { Json, RenderedExchange } from './transcript.ts'

export interface Difference {
  readonly scenario: string
  /** Of the exchange in its transcript, from 0. */
  readonly index: number
  /** `Heartbeat v3` */
  readonly asked: string
  readonly request: Json
  /** `topics[name=~a].partitions[partitionIndex=0].errorCode`; empty where the whole answer differs. */
  readonly path: string
  /** Undefined where it is missing. */
  readonly kafka: Json | undefined
  readonly ours: Json | undefined
}

/** What tells the elements of a list apart, so that one that is missing does not make all behind it differ. */
const identities = [
  ['name'],
  ['topic'],
  ['topicId'],
  ['topicName'],
  ['partitionIndex'],
  ['partition'],
  ['index'],
  ['groupId'],
  ['memberId'],
  ['apiKey'],
  ['nodeId'],
  ['brokerId'],
  ['key'],
  ['batchIndex'],
  ['resourceType', 'resourceName'],
]

/** Throws where the two did not ask the same: then the recording is of another scenario. */
export function compareTranscripts(
  scenario: string,
  kafka: readonly RenderedExchange[],
  ours: readonly RenderedExchange[],
): Difference[] {
  const differences: Difference[] = []
  const length = Math.max(kafka.length, ours.length)
  for (let index = 0; index < length; index++) {
    const theirs = kafka[index]
    const mine = ours[index]
    const { asked, request } = (theirs ?? mine)!
    const differs = (path: string, kafka: Json | undefined, ours: Json | undefined) =>
      differences.push({ scenario, index, asked, request, path, kafka, ours })
    // One of the two was hung up on, or an answer led the scenario elsewhere: the exchange before it says so.
    if (theirs === undefined || mine === undefined) {
      differs('', theirs?.answer, mine?.answer)
      break
    }
    if (theirs.asked !== mine.asked || !isEqual(theirs.request, mine.request)) {
      differs('(request)', [theirs.asked, theirs.request], [mine.asked, mine.request])
      break
    }
    compare('', theirs.answer, mine.answer, differs)
  }
  return differences
}

type Report = (path: string, kafka: Json | undefined, ours: Json | undefined) => void

function compare(path: string, kafka: Json | undefined, ours: Json | undefined, report: Report): void {
  if (Array.isArray(kafka) && Array.isArray(ours)) {
    compareLists(path, kafka, ours, report)
  } else if (isObject(kafka) && isObject(ours)) {
    // What else is in an answer follows from its error.
    const names = [...Object.keys(kafka), ...Object.keys(ours)]
    const decisive = kafka.errorCode === ours.errorCode ? names : ['errorCode']
    for (const name of new Set(decisive)) {
      compare(path === '' ? name : `${path}.${name}`, kafka[name] ?? absent(name), ours[name] ?? absent(name), report)
    }
  } else if (kafka !== ours) report(path, kafka, ours)
}

/** Rendered answers leave out what holds its default. That an answer succeeds is better said than shown by nothing. */
function absent(name: string): Json | undefined {
  return name === 'errorCode' ? 'NONE' : undefined
}

function compareLists(path: string, kafka: readonly Json[], ours: readonly Json[], report: Report): void {
  const identity = identities.find(fields => areIdentifiedBy(fields, kafka) && areIdentifiedBy(fields, ours))
  const keyOf = (element: Json, index: number) => (identity === undefined ? String(index) : describe(identity, element))
  const theirs = new Map(kafka.map((element, index) => [keyOf(element, index), element]))
  const mine = new Map(ours.map((element, index) => [keyOf(element, index), element]))
  for (const key of new Set([...theirs.keys(), ...mine.keys()])) {
    compare(`${path}[${key}]`, theirs.get(key), mine.get(key), report)
  }
}

/** A field that holds its default is left out of a rendered element, so some elements may lack it, but no two the same. */
function areIdentifiedBy(fields: readonly string[], list: readonly Json[]): boolean {
  const keys = list.map(element => (isObject(element) ? describe(fields, element) : undefined))
  const haveAny = list.some(element => isObject(element) && fields.some(field => field in element))
  return (haveAny || list.length === 0) && !keys.includes(undefined) && new Set(keys).size === keys.length
}

function describe(fields: readonly string[], element: Json): string {
  return fields.map(field => `${field}=${isObject(element) ? (element[field] ?? '') : ''}`).join(',')
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEqual(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
