import { createMemoryStore } from '../../src/stores/memory.ts'
import { sessionStoreContract } from '../contracts/session-store.ts'

sessionStoreContract('the memory store', async (clock) => createMemoryStore({ clock }))
