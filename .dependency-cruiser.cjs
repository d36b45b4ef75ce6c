/** Import directions: arrows point only downwards, and a package imports only what its own package.json names. */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-declared', comment: 'a workspace sibling resolves without being declared: refuse it', severity: 'error', from: { path: '^(packages|apps)/' }, to: { dependencyTypes: ['npm-no-pkg', 'unknown', 'undetermined'] } },
    { name: 'not-to-dev-dep', severity: 'error', from: { path: '^(packages|apps)/[^/]+/src', pathNot: ['\\.test\\.tsx?$', '^apps/shop/src/web/', '/testing/'] }, to: { dependencyTypes: ['npm-dev'] } },
    { name: 'protocol-is-pure', severity: 'error', from: { path: '^packages/protocol/src', pathNot: '\\.test\\.ts$' }, to: { path: ['^(fs|net|http|https|dgram|child_process|worker_threads|tls)$', '^packages/(?!protocol/)', '^apps/'] } },
    { name: 'log-above-protocol-only', severity: 'error', from: { path: '^packages/log/src' }, to: { path: ['^packages/(?!log/|protocol/)', '^apps/'] } },
    { name: 'log-one-file-module', comment: 'one module touches the disk, so that a simulated disk can take its place', severity: 'error', from: { path: '^packages/log/src', pathNot: ['\\.test\\.ts$', '^packages/log/src/file-system/node-file-system\\.ts$', '/testing/'] }, to: { path: '^fs(/promises)?$' } },
    { name: 'broker-below-ottla', severity: 'error', from: { path: '^packages/broker/src' }, to: { path: ['^packages/(ottla|console)/', '^apps/'] } },
    { name: 'shop-uses-a-client-only', comment: 'the shop runs on any cluster: no broker internals, the command only to start one', severity: 'error', from: { path: '^apps/shop/src', pathNot: ['\\.test\\.ts$', '/stage/', '/testing/'] }, to: { path: '^packages/' } },
    { name: 'shop-starts-by-package', severity: 'error', from: { path: '^apps/shop' }, to: { path: '^packages/(protocol|log|broker|console)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'], extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'] },
  },
}
