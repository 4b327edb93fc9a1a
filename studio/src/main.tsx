/** Starts the page. */
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./app.tsx"
import "./styles/tokens.css"
import "./styles/shell.css"
import "./styles/flow.css"
import "./styles/views.css"
import "./styles/send.css"
import "./styles/balance.css"
import "./styles/ask.css"
import "./styles/letters.css"
import "./styles/sheet.css"
import "./styles/storage.css"

const root = document.getElementById("page")
if (root === null) throw new Error("index.html has an element with the id page")
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
