/** The order of the site: every page of docs/ stands here once, by its path without `.md`. A page that is not written yet is left out. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const docs = join(import.meta.dirname, '..', 'docs')

const parts: Readonly<Record<string, readonly (readonly [path: string, text: string])[]>> = {
  Begin: [
    ['quickstart', 'Quickstart'],
    ['why-events', 'Why events'],
    ['tour', 'A tour of the order system'],
  ],
  'In a test': [
    ['testing', 'startOttla()'],
    ['recipes/node-test', 'Recipe: node:test'],
    ['recipes/vitest', 'Recipe: vitest'],
    ['recipes/jest', 'Recipe: Jest'],
    ['recipes/nestjs', 'Recipe: NestJS'],
  ],
  'In operation': [
    ['command', 'The command'],
    ['console', 'The console'],
    ['metrics', 'Metrics'],
    ['operations', 'Operations'],
    ['durability', 'Durability'],
    ['grow-to-a-cluster', 'Grow to a cluster'],
  ],
  Reference: [
    ['reference/command', 'Commands and options'],
    ['reference/settings', 'Settings'],
    ['reference/api', 'API of startOttla()'],
    ['support', 'Support matrix'],
    ['compatibility', 'Compatibility'],
    ['clients', 'Clients that were run'],
  ],
  Inside: [
    ['formats/log-directory', 'The data directory'],
    ['formats/record-batch', 'The record batch'],
    ['decisions/0001-int64', 'Decision 1: int64'],
    ['decisions/0002-write-path', 'Decision 2: write path'],
    ['decisions/0003-flush-policy', 'Decision 3: flush policy'],
    ['decisions/0004-compaction', 'Decision 4: compaction'],
    ['decisions/0005-command-client', 'Decision 5: a client of our own'],
    ['decisions/0006-docs-site', "Decision 6: the site's generator"],
  ],
}

/** Paths of all pages that the sidebar knows, written or not. */
export const listedPaths = Object.values(parts).flatMap(pages => pages.map(([path]) => path))

export const sidebar = Object.entries(parts).map(([text, pages]) => ({
  text,
  items: pages
    .filter(([path]) => existsSync(join(docs, `${path}.md`)))
    .map(([path, text]) => ({ text, link: `/${path}` })),
}))
