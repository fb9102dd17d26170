/** The document of a lesson or of the index of lessons: text, which never becomes markup. */

import type { FileDocument } from '../data/file-source';

export type Inline = { text: string } | { code: string } | { emphasis: string };
export type Block = { paragraph: Inline[] } | { list: Inline[][] } | { code: string };

/** A lesson that has a page beside this one. */
export interface Entry {
  number: number;
  name: string;
  title: string;
  idea: Inline[];
  file: string;
  minutes: number | null;
}

export interface Guess {
  question: Block[];
  options: Inline[][];
  /** Index of the right option. */
  right: number;
  answer: Block[];
}

export interface Change {
  text: Block[];
  options: Inline[][];
  /** Index of what happens. */
  right: number;
  happens: Block[];
  diff: DiffLine[];
  /** A run of the changed program; `null` if it does not compile. */
  run: StoredRun | null;
}

/** Without numbers: lines are left out here. */
export interface DiffLine {
  /** The number of the line in the program as written. */
  before: number | null;
  /** Its number in the changed program. */
  after: number | null;
  text: string;
}

/** A run inside the document. */
export interface StoredRun {
  document: FileDocument;
  bytes: string;
}

export interface Program {
  file: string;
  /** The number of the first line. */
  first: number;
  lines: string[];
}

export interface LessonDocument {
  number: number;
  name: string;
  title: string;
  idea: Inline[];
  guesses: Guess[];
  run: Block[];
  why: Block[];
  changes: Change[];
  questions: { question: Block[]; answer: Block[] }[];
  mistakes: Block[];
  program: Program;
  course: Entry[];
}

export interface IndexDocument {
  course: Entry[];
  /** Titles of lessons that have no page. */
  further: string[];
}

/** What the page has of a course besides a run; `undefined` on all other pages. */
export function lessonOfPage(page: Document): LessonDocument | IndexDocument | undefined {
  const text = page.getElementById('lesson')?.textContent;
  return text ? JSON.parse(text) : undefined;
}

export function isIndex(document: LessonDocument | IndexDocument): document is IndexDocument {
  return 'further' in document;
}

/** The letter of an option. */
export function letter(option: number): string {
  return String.fromCharCode(65 + option);
}
