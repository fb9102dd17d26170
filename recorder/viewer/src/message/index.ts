import type { Mount } from '../app/app';

export const mount: Mount = () => ({ show() {}, hide() {}, key: () => false });
