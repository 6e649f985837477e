/** G140: a file without references is given one. */
import { replace } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { Node } from 'ts-morph';

export const entry: Entry = {
  id: 'G140',
  title: 'a count is raised from zero',
  source: 'Linux 2024, epoll and the life of files; mended by taking the reference before',
  about: 'fget raises the count of a file whatever it is',
  changes: [
    {
      file: 'impl/kern/file.ts',
      change: (source) => {
        const raise = source.in('fget_any').branch('count');
        const condition = raise.getExpression();
        if (Node.isBinaryExpression(condition)) replace(condition, condition.getRight().getText());
      },
    },
  ],
  scenario: 'dup-close',
  breaks: ['data-race', 'panic-double-free', 'panic-file-count'],
  strategy: 'states',
  bounds: {},
};
