/** Everyone who takes part, in one line on every part of the page: how each is, and a menu to make its life hard. */
import { Menu, Text } from '@mantine/core'
import type { ProcessView, Snapshot } from '../../stage/snapshot.ts'
import { count } from '../shell/format.ts'
import { color } from '../shell/names.ts'
import { act, actions } from './actions.ts'
import { appearance } from './appearance.ts'
import './cast.css'

/** Before the first picture has come, places are kept for these. */
const usual = ['broker', 'order', 'payment', 'inventory', 'notification', 'bank', 'mail']

export function Cast({ snapshot }: { snapshot: Snapshot | null }) {
  return (
    <nav className="cast" aria-label="Processes">
      {snapshot === null
        ? usual.map(name => (
            <span key={name} className="cast-member" data-color="gray">
              <i className="cast-dot" />
              <span className="cast-name">{name}</span>
            </span>
          ))
        : snapshot.processes.map(process => (
            <Member key={process.name} process={process} logAnswers={snapshot.events !== null} />
          ))}
    </nav>
  )
}

function Member({ process, logAnswers }: { process: ProcessView; logAnswers: boolean }) {
  const { name, lag, status } = process
  const look = appearance(process, logAnswers)
  const behind = lag ?? 0
  return (
    <Menu shadow="md" width={250} position="bottom-start">
      <Menu.Target>
        <button type="button" className="cast-member" data-color={look.color}>
          <i className="cast-dot" />
          <span className="cast-name" style={status === null ? undefined : { color: color(name) }}>
            {name}
            <span className="visually-hidden">: </span>
          </span>
          <span className="cast-state figures">{behind > 0 ? `${count(behind)} behind` : look.text}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        {actions.map(({ action, name: label, hint, dangerous, isPossible }) => (
          <Menu.Item
            key={action}
            disabled={!isPossible(process)}
            {...(dangerous ? { color: 'red' } : {})}
            onClick={() => void act(name, action)}
            rightSection={
              <Text size="xs" c="dimmed">
                {hint}
              </Text>
            }
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component="a" href="#/services">
          All about it
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
