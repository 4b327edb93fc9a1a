/** Starts the page. */
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./app.tsx"
import "./styles/tokens.css"
import "./styles/shell.css"
import "./styles/flow.css"
import "./styles/views.css"
import "./styles/send.css"

const root = document.getElementById("page")
if (root === null) throw new Error("index.html has an element with the id page")
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
