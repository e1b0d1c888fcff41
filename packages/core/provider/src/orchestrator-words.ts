/** What the users of an orchestrator call its parts, in the singular. */
export interface OrchestratorWords {
  readonly service: string;
  readonly task: string;
}

const USUAL_WORDS: OrchestratorWords = { service: 'service', task: 'task' };

/** Replaces `{SERVICE}` and `{TASK}` in a text of ours. A plural is written `{TASK}s`. */
export function inWords(text: string, words: OrchestratorWords = USUAL_WORDS): string {
  return text.replaceAll('{SERVICE}', words.service).replaceAll('{TASK}', words.task);
}
