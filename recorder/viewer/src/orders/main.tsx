/** The page with all orders of a program. */

import { render } from 'preact';
import { Failure } from '../app/failure';
import { createLook } from '../app/look';
import { onceLoaded, rootOfPage } from '../app/page';
import { messageOf } from '../data/source';
import type { OrdersDocument } from './document';
import { OrdersPage } from './page';

async function show(): Promise<void> {
  const root = rootOfPage();
  root.replaceChildren();
  root.classList.add('orders');
  document.documentElement.dataset.page = 'orders';
  try {
    const text = document.getElementById('run')?.textContent ?? '';
    const orders: OrdersDocument = JSON.parse(text);
    document.title = `${orders.program}: all orders`;
    // For tests, and questions in the browser's console.
    Object.assign(window, { orders: new OrdersPage(root, createLook(document.documentElement), orders) });
  } catch (error) {
    console.error(error);
    render(
      <Failure
        title="The page cannot show its orders"
        text={messageOf(error)}
        advice="Make it again: recorder explore NAME --strategy exhaustive -o orders.html."
      />,
      root,
    );
  }
}

onceLoaded(show);
