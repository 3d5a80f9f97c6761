import { answerBearerErrors, guard } from '@doorman/resource-server/express'
import express from 'express'

const app = express()
app.use(guard({ gateway: 'https://app.example.com', audience: 'reports' }))
app.get('/api/reports/mine', (_request, response) => void response.json({ reports: [] }))
app.use(answerBearerErrors)
app.listen(3000)
