/** What stands at / when the page was not built: the platform runs, and this says how to talk to it. */

export function unbuiltPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Millrace</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
code { background: #8883; padding: .1rem .3rem; border-radius: .2rem }
</style>
</head>
<body>
<main>
<h1>Millrace is running</h1>
<p>The page was not built. In a clone of the repository, <code>npm run build</code> builds it;
then start again.</p>
<p>Everything else works:</p>
<ul>
<li><a href="/v1/events">/v1/events</a>: the events, their fields and counters</li>
<li><a href="/v1/views">/v1/views</a>: the views; to the name of one, add
 <code>/rows</code> or <code>/changes</code></li>
<li><a href="/v1/rejected">/v1/rejected</a>: the newest refused rows</li>
<li><a href="/openapi.json">/openapi.json</a>: the whole interface</li>
<li><a href="/metrics">/metrics</a>: metrics</li>
</ul>
</main>
</body>
</html>
`
}
