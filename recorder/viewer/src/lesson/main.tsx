/** The page of a lesson, and that of the index of lessons. */

import { createLook } from '../app/look';
import { onceLoaded, rootOfPage, showRun } from '../app/page';
import { showContents } from './contents';
import { isIndex, lessonOfPage } from './document';
import { Session } from './session';
import { LessonTab } from './tab';

async function show(): Promise<void> {
  const lesson = lessonOfPage(document);
  if (lesson && isIndex(lesson)) {
    showContents(rootOfPage(), lesson, createLook(document.documentElement));
    return;
  }
  await showRun(async (model) => {
    if (!lesson) return { model };
    const session = await Session.open(lesson, model, (root, app) => new LessonTab(root, app, session));
    return { model: session.curtain, lesson: session };
  });
}

onceLoaded(show);
