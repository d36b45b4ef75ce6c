/** `ottla apis`: the support matrix, from the very table that the broker dispatches by. */

import { apiTable } from '@ottla/broker'

export function printApis(): void {
  const width = Math.max(...apiTable.map(({ name }) => name.length))
  for (const { key, name, lowestVersion, highestVersion } of apiTable) {
    process.stdout.write(`${String(key).padStart(3)}  ${name.padEnd(width)}  ${lowestVersion}-${highestVersion}\n`)
  }
}
