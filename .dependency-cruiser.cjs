/**
 * Import directions: arrows point only downwards, and a package imports only what its own package.json names. In a workspace every
 * sibling resolves, declared or not, so the rules are made from the package.json files.
 */
const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const workspaces = ['packages', 'apps'].flatMap(folder =>
  readdirSync(join(__dirname, folder)).map(name => {
    const path = `${folder}/${name}`
    const { name: packageName, dependencies = {} } = JSON.parse(
      readFileSync(join(__dirname, path, 'package.json'), 'utf8'),
    )
    return { path, packageName, dependencies }
  }),
)

const siblings = workspaces.map(({ path, dependencies }) => {
  const declared = workspaces.filter(({ packageName }) => packageName in dependencies).map(({ path }) => path)
  return {
    name: `only-declared-siblings-of-${path}`,
    severity: 'error',
    from: { path: `^${path}/` },
    to: { path: '^(packages|apps)/', pathNot: [path, ...declared].map(allowed => `^${allowed}/`) },
  }
})

module.exports = {
  forbidden: [
    ...siblings,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'declared-in-package-json',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: '/testing/' },
      to: { dependencyTypes: ['npm-no-pkg', 'unknown'] },
    },
    {
      name: 'no-dev-dependency-in-sources',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src', pathNot: ['^apps/shop/src/web/', '/testing/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-is-pure',
      severity: 'error',
      from: { path: '^packages/protocol/src', pathNot: '/testing/' },
      to: { path: '^(fs|fs/promises|net|http|https|dgram|child_process|worker_threads|tls)$' },
    },
    {
      name: 'one-module-touches-the-disk',
      comment: 'so that a simulated disk can take its place',
      severity: 'error',
      from: {
        path: '^packages/log/src',
        pathNot: ['^packages/log/src/file-system/', '/testing/'],
      },
      to: { path: '^fs(/promises)?$' },
    },
    {
      name: 'shop-uses-a-client-only',
      comment: 'the services run on any cluster; only the stage may start a broker of ours',
      severity: 'error',
      from: { path: '^apps/shop/src', pathNot: ['^apps/shop/src/stage/', '/testing/'] },
      to: { path: '^packages/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Tests may import what they like, and the swc parser does not know `await using` yet.
    exclude: { path: ['(^|/)dist/', '\\.test\\.ts$', '^test/'] },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'],
    },
  },
}
