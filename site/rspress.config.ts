/** The site of docs/: `npm run docs` serves it, `npm run docs:build` builds it into site/dist. Dead links and anchors fail the build. */
import { join } from 'node:path'
import { defineConfig } from '@rspress/core'
import { docs, sidebar } from './pages.ts'

export default defineConfig({
  root: docs,
  outDir: join(import.meta.dirname, 'dist'),
  title: 'Ottla',
  description: "Kafka's little sister: a durable event log in one process that speaks Apache Kafka's wire protocol.",
  lang: 'en',
  icon: '/icon.svg',
  logo: '/icon.svg',
  logoText: 'Ottla',
  globalStyles: join(import.meta.dirname, 'styles.css'),
  llms: true,
  markdown: { link: { checkDeadLinks: true, checkAnchors: true } },
  themeConfig: {
    nav: [
      { text: 'Quickstart', link: '/quickstart', activeMatch: '^/quickstart' },
      { text: 'In a test', link: '/testing', activeMatch: '^/(testing|recipes/)' },
      { text: 'Operations', link: '/operations', activeMatch: '^/(operations|durability|command)' },
      { text: 'Reference', link: '/reference/command', activeMatch: '^/(reference/|support|compatibility)' },
    ],
    sidebar: { '/': sidebar },
  },
  // Loopback only, as everything here that listens; not the port of the order system's page. Where it is taken, the next free one.
  builderConfig: { server: { host: '127.0.0.1', port: 3100 } },
})
