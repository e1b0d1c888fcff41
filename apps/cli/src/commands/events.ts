import type { Event, Level } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper, Tone } from '../terminal/printer.ts';

const TONES: Readonly<Record<Level, Tone>> = { error: 'bad', warn: 'warn', info: 'plain', debug: 'faint' };

/** What happened, the newest last, where a reader of a log looks for it. */
export async function events(client: PluginClient, level: Level, limit: number): Promise<Report> {
  const { document, raw } = await client.events({ level, limit });
  return {
    exitCode: EXIT.well,
    document: raw,
    show: (paper) => {
      if (document.events.length === 0) paper.say(`There are no events of level ${level} or higher yet.`);
      for (const event of document.events.toReversed()) showEvent(paper, event);
    },
  };
}

/** One event as people read it. */
export function showEvent(paper: Paper, { time, level, event, message }: Event): void {
  const isOrdinary = level === 'info' || level === 'debug';
  paper.item(`${time} `, `${isOrdinary ? '' : `${level.toUpperCase()} `}${event}: ${message}`, TONES[level]);
}
