// The page: puts the chat together and shows it.

import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/sidebar.css';
import './styles/messages.css';
import './styles/composer.css';
import './styles/panels.css';
import './styles/pages.css';
import { createChat } from './model/chat.ts';
import { takeTabNumber } from './model/tab-number.ts';
import { App } from './ui/app.tsx';

const chat = createChat(await takeTabNumber());
const place = document.getElementById('app');
if (place !== null) render(<App chat={chat} />, place);
