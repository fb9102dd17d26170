import { mount as belt } from '../belt';
import { mount as message } from '../message';
import { mount as timeline } from '../timeline';
import { mount as why } from '../why';

console.log(timeline, why, message, belt);
