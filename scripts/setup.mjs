/**
 * Set-up of a checkout: installs what package-lock.json names, once, and again only when it has changed.
 *
 * It runs before every npm script (`prestart`, `pretest` …), on whatever Node the machine has, so it is plain JavaScript
 * for Node 20 and needs no package. It is a script of its own and not a first half of the command (`setup && node …`)
 * because a shell remembers where it found `node`: the second half would still run on the machine's Node.
 * It must never change a node_modules that already holds what the lock file names.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lock = readPackages(join(root, 'package-lock.json'))
const wantedNode = lock['node_modules/node'].version

if (!isInstalled()) install()
checkNode()

/** npm writes its own record of an installation as its last act, so a cut-off installation counts as none. */
function isInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = readPackages(record)
  return Object.entries(lock).every(([path, wanted]) => {
    if (path === '') return true // the repository itself
    const found = installed[path]
    // An optional package may be absent: it is another platform's build.
    return found === undefined ? wanted.optional === true : found.version === wanted.version
  })
}

function install() {
  process.stderr.write('Installing the dependencies that package-lock.json names (npm ci, about 30 seconds, once) …\n')
  // Under `npm test` npm tells which npm it is; by hand, the one on the PATH.
  const npm = process.env.npm_execpath
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const result = spawnSync(command, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32' && command === 'npm',
  })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  fail(
    `npm ci failed (${result.error?.message ?? `exit status ${result.status ?? result.signal}`}); its output is above. ` +
      'Check that this machine reaches the npm registry, then run the same command again.',
  )
}

function checkNode() {
  const binary = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  let found
  try {
    found = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1)
  } catch (error) {
    fail(
      `the Node ${wantedNode} that the dependency "node" brings does not run (${error.message.split('\n')[0]}). ` +
        'Its install script may have been switched off (npm config get ignore-scripts): switch it on, delete ' +
        'node_modules and run the same command again.',
    )
  }
  if (found !== wantedNode) {
    fail(`node_modules holds Node ${found}, not ${wantedNode}: delete node_modules and run the same command again.`)
  }
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages
}

function fail(message) {
  process.stderr.write(`Set-up failed: ${message}\n`)
  process.exit(1)
}
