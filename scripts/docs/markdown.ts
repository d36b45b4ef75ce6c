/** What the generated pages have in common. */

/** @param source where the truth stands */
export function generatedBy(source: string): string {
  return `<!-- Written by \`npm run docs:reference\` from ${source}: do not edit. -->`
}

/** A text for one cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
