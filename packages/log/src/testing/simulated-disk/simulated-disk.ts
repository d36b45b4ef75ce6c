/**
 * The disk of a simulated machine: a tree of directories and files with what is certain and what only the page cache knows. It
 * outlives the processes that use it; a loss of power makes a new disk out of what the old one may have kept.
 */

import type { Choose } from './choices.ts'
import { SimulatedDirectory, type SimulatedNode } from './simulated-directory.ts'
import { SimulatedFile } from './simulated-file.ts'

export interface PowerCutOptions {
  choose: Choose
  /** What sectors hold that belong to a file but were never written: zeroes unless given. */
  stale?: (count: number) => Buffer
}

export class SimulatedDisk {
  readonly root: SimulatedDirectory
  /** Of the running system: another one after each loss of power. */
  readonly bootNumber: number

  constructor({
    root = new SimulatedDirectory(),
    bootNumber = 1,
  }: { root?: SimulatedDirectory; bootNumber?: number } = {}) {
    this.root = root
    this.bootNumber = bootNumber
  }

  /** Undefined where nothing is. */
  find(path: string): SimulatedNode | undefined {
    let node: SimulatedNode | undefined = this.root
    for (const name of partsOf(path)) {
      if (node?.kind !== 'directory') return undefined
      node = node.entries.get(name)
    }
    return node
  }

  /** The directory that holds (or may hold) the path's last name. */
  parentOf(path: string): { parent: SimulatedDirectory | undefined; name: string } {
    const parts = partsOf(path)
    const name = parts.pop() ?? ''
    const parent = this.find(`/${parts.join('/')}`)
    return { parent: parent?.kind === 'directory' ? parent : undefined, name }
  }

  /** Paths of all files, sorted. */
  files(): string[] {
    const paths: string[] = []
    const visit = (directory: SimulatedDirectory, path: string): void => {
      for (const [name, node] of directory.entries) {
        if (node.kind === 'file') paths.push(`${path}/${name}`)
        else visit(node, `${path}/${name}`)
      }
    }
    visit(this.root, '')
    return paths.sort()
  }

  /** The disk as the next start finds it. This one stays as it is. */
  afterPowerCut({ choose, stale }: PowerCutOptions): SimulatedDisk {
    const files = new Map<SimulatedFile, SimulatedFile>()
    const keep = (directory: SimulatedDirectory): SimulatedDirectory => {
      const kept = new SimulatedDirectory()
      for (const [name, node] of directory.afterPowerCut(choose)) {
        kept.change([name, node.kind === 'file' ? keepFile(node) : keep(node)])
      }
      kept.sync(kept.mark)
      return kept
    }
    const keepFile = (file: SimulatedFile): SimulatedFile => {
      const known = files.get(file)
      if (known) return known
      const { modifiedMs } = file
      const kept = new SimulatedFile({ content: file.afterPowerCut(choose, stale), modifiedMs })
      files.set(file, kept)
      return kept
    }
    return new SimulatedDisk({ root: keep(this.root), bootNumber: this.bootNumber + 1 })
  }

  /** A copy of what is there now, all of it certain. */
  snapshot(): SimulatedDisk {
    const copy = (directory: SimulatedDirectory): SimulatedDirectory => {
      const copied = new SimulatedDirectory()
      for (const [name, node] of directory.entries) {
        const { kind } = node
        copied.change([name, kind === 'directory' ? copy(node) : copyOf(node)])
      }
      copied.sync(copied.mark)
      return copied
    }
    const copyOf = (file: SimulatedFile) =>
      new SimulatedFile({ content: Buffer.from(file.read(0, file.sizeInBytes)), modifiedMs: file.modifiedMs })
    return new SimulatedDisk({ root: copy(this.root), bootNumber: this.bootNumber })
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter(part => part !== '')
}
