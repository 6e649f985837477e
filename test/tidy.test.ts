/**
 * The fences between the rooms, as far as the compiler doesn't build them. Without these a shared table between model and
 * implementation would hide the very bug we hunt, and a clock or a die below the face would make replay drift.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../oracle/root.ts';

const ROOMS = ['model', 'impl', 'oracle', 'test'] as const;
type Room = (typeof ROOMS)[number];

/** test → oracle → { model, impl } */
const MAY_IMPORT: Readonly<Record<Room, readonly Room[]>> = {
  model: ['model'],
  impl: ['impl'],
  oracle: ['oracle', 'model', 'impl'],
  test: ['test', 'oracle', 'model', 'impl'],
};

/** Those who may know both rooms: who translates between them, and who offers them to the user. */
const KNOWS_BOTH = /^oracle\/(adapter|main|index|cli\/.*)\.ts$/;
const FACE = 'impl/index.ts';
const DOOR = 'impl/memory.ts';

interface File {
  readonly path: string;
  readonly room: Room;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const FILES: readonly File[] = ROOMS.flatMap((room) =>
  readdirSync(join(packageRoot(), room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name): File => {
      const path = `${room}/${name.split(sep).join('/')}`;
      const text = readFileSync(join(packageRoot(), path), 'utf8');
      return { path, room, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
    }),
);

const inRooms = (...rooms: readonly Room[]): readonly File[] => FILES.filter((file) => rooms.includes(file.room));

/** Everything a file imports: the path of a file below the root, or the name of a package. */
function importsOf(file: File): readonly string[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return fileName;
    return relative(packageRoot(), resolve(packageRoot(), dirname(file.path), fileName))
      .split(sep)
      .join('/');
  });
}

function roomOf(imported: string): Room | undefined {
  return ROOMS.find((room) => imported.startsWith(`${room}/`));
}

/** "impl/x.ts:12 says Atomics": where the program text (not a comment, not a string) names one of these. */
function mentions(files: readonly File[], names: RegExp): readonly string[] {
  return files.flatMap((file) => {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const name = ts.isIdentifier(node) ? node.text : ts.isPropertyAccessExpression(node) ? node.getText(file.tree) : '';
      if (names.test(name))
        found.push(`${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree)).line + 1} says ${name}`);
      ts.forEachChild(node, visit);
    };
    visit(file.tree);
    return found;
  });
}

describe('the arrows', () => {
  it('run test → oracle → { model, impl } and no other way', () => {
    const wrong = FILES.flatMap((file) =>
      importsOf(file).flatMap((imported) => {
        const room = roomOf(imported);
        return room === undefined || MAY_IMPORT[file.room].includes(room) ? [] : [`${file.path}: ${file.room} may not import ${imported}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('keep packages and Node itself out of model and implementation', () => {
    const wrong = inRooms('model', 'impl').flatMap((file) =>
      importsOf(file)
        .filter((imported) => roomOf(imported) === undefined)
        .map((imported) => `${file.path} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it('meet in the adapter and the command line only', () => {
    const both = inRooms('oracle').filter((file) => {
      const rooms = importsOf(file).map(roomOf);
      return rooms.includes('model') && rooms.includes('impl');
    });
    expect(both.map((file) => file.path).filter((path) => !KNOWS_BOTH.test(path))).toEqual([]);
  });
});

describe('what exists', () => {
  it('in the model is neither shared memory nor a clock nor a die', () => {
    expect(mentions(inRooms('model'), /^(Atomics|SharedArrayBuffer|Date|performance|Math\.random|globalThis)$/)).toEqual([]);
  });

  it('below the face of the implementation is neither a clock nor a die', () => {
    const below = inRooms('impl').filter((file) => file.path !== FACE);
    expect(mentions(below, /^(Date|performance|Math\.random|globalThis)$/)).toEqual([]);
  });

  it('of shared memory is behind one door', () => {
    const outside = inRooms('impl').filter((file) => file.path !== DOOR);
    expect(mentions(outside, /^Atomics$|\.(words|bytes)$/)).toEqual([]);
    // The face hands bytes in and out and makes the one buffer; nobody below it does.
    const below = outside.filter((file) => file.path !== FACE);
    expect(mentions(below, /^(SharedArrayBuffer|DataView|(Big)?(Int|Uint|Float)\d+(Clamped)?Array)$/)).toEqual([]);
  });
});

describe('every file', () => {
  it('opens with a paragraph that says what it is', () => {
    const bare = FILES.filter((file) => !/^(#!.*\n)?\/\*\*[^/]/.test(file.text));
    expect(bare.map((file) => file.path)).toEqual([]);
  });

  it('has at most 500 lines', () => {
    const long = FILES.filter((file) => file.text.split('\n').length > 501);
    expect(long.map((file) => file.path)).toEqual([]);
  });
});

it('what every change must pass runs the test command that the README gives', () => {
  const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');
  const [, given] = /^(\S.*?) +# the tests$/m.exec(read('README.md')) ?? [];
  expect(given).toMatch(/npm test/);
  expect(read('.ci/run').split('\n')).toContain(given);
});

it('the lock file names no registry', () => {
  expect(readFileSync(join(packageRoot(), 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
