// Starts the page.
import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import { Session } from './session.svelte.ts'

const target = document.getElementById('app')
if (!target) throw new Error('the page has no #app')
const session = new Session()
mount(App, { target, props: { session } })
session.start()
