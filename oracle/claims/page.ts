/**
 * The table of model/claims/README.md, from what is expected; that the verb says the same is what its verdict is about.
 * `node .build/oracle/claims/page.js` writes it there anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { claims, mails } from '../../model/claims.ts';
import type { Answer, Claim, Question } from '../../model/claims/claim.ts';
import { packageRoot } from '../root.ts';

export const PAGE = 'model/claims/README.md';

const BEGIN = '<!-- claims -->\n';
const END = '<!-- end of claims -->\n';

const WORDS: Readonly<Record<Answer, string>> = {
  proved: 'proved',
  refuted: 'refuted',
  assumption: 'under an assumption',
  inexpressible: 'not expressible',
};

/** A heading for each mail, a line for each answer. */
export function tables(): string {
  return Object.entries(mails)
    .map(([key, { who, when }]) => {
      const rows = claims.filter(({ id }) => id.startsWith(`${key}.`)).flatMap(rowsOf);
      return [
        `### ${key}: ${who}, ${when}`,
        '',
        '| id | claim | asked of | answer | because |',
        '| --- | --- | --- | --- | --- |',
        ...rows,
        '',
      ].join('\n');
    })
    .join('\n');
}

function rowsOf({ id, says, asked }: Claim): readonly string[] {
  if (typeof asked === 'string') return [row([id, says, '', WORDS.inexpressible, asked])];
  return asked.map((question, at) =>
    row([at === 0 ? id : '', at === 0 ? says : '', `${question.design}${wayOf(question)}`, WORDS[question.expected], reasonOf(question)]),
  );
}

function wayOf({ form }: Question): string {
  return form === 'always' ? '' : `: ${form}`;
}

function reasonOf(question: Question): string {
  const assuming = 'assuming' in question ? question.assuming : undefined;
  return assuming === undefined ? question.finding : `true if ${assuming.that}. ${question.finding}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The page with the tables of today. */
export function pageWith(text: string): string {
  const [before, rest = ''] = text.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n${tables()}\n${END}${after}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = join(packageRoot(), PAGE);
  writeFileSync(path, pageWith(readFileSync(path, 'utf8')));
}
