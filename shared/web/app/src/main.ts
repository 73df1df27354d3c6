import { mount } from 'svelte';
import App from './App.svelte';
import { router } from './lib/url/router.svelte';
import { ask } from './pages/first';
import './app.css';

ask(router.route, router.params);
const target = document.getElementById('app');
if (target) mount(App, { target });
