package controllers_test

import "strings"

// inCheck is a check of the given fields beside its name.
func inCheck(fields string) string { return `checks: [{name: page, ` + fields + `}]` }

func inHTTP(field string) string { return inCheck(`http: ` + replaced(`{port: 80}`, field)) }

func inBearer(field string) string {
	return inHTTP(`scheme: https, credentials: {bearer: ` + replaced(`{name: web, key: token}`, field) + `}`)
}

func inPassword(field string) string {
	return inHTTP(`scheme: https, credentials: {basic: {user: u, password: ` + replaced(`{name: web, key: token}`, field) + `}}`)
}

func inHeader(field string) string {
	return inHTTP(`headers: [` + replaced(`{name: Accept, value: text}`, field) + `]`)
}

func inJSON(field string) string {
	return inHTTP(`json: ` + replaced(`{path: "{.status}", equals: ok}`, field))
}

func inPrometheus(field string) string {
	return inCheck(`prometheus: ` + replaced(`{threshold: {min: "1"}, url: "http://p:9090", query: up}`, field))
}

func inThreshold(fields string) string {
	return inCheck(`prometheus: {url: "http://p:9090", query: up, threshold: ` + fields + `}`)
}

func inWebhook(field string) string {
	return inCheck(`webhook: ` + replaced(`{url: "https://w"}`, field))
}

func inCommand(field string) string {
	return inCheck(`runCommand: ` + replaced(`{script: "true"}`, field))
}

func inMonitor(field string) string {
	return inCheck(`azureMonitor: ` + replaced(`{threshold: {max: "90"}, metric: CPU}`, field))
}

func inHook(field string) string {
	return `hooks: [` + replaced(`{name: tell, at: BeforeStep, url: "https://h"}`, field) + `]`
}

// checkRules are those of checks, hooks, drains and the readings of health.
var checkRules = map[string]rule{
	"a check is of one kind": {
		admitted: inCheck(`webhook: {url: "https://w"}`),
		refused:  inCheck(`webhook: {url: "https://w"}, http: {port: 80}`),
		says:     []string{"spec.checks[0]", "exactly one of http, prometheus, webhook, runCommand, azureMonitor and templateRef"},
	},
	"a templated check has nothing else": {
		admitted: inCheck(`templateRef: {name: errors}, enforce: false, args: [{name: service, value: shop}]`),
		refused:  inCheck(`templateRef: {name: errors}, interval: 5s`),
		says:     []string{"spec.checks[0]", "only name, args and enforce", "CheckTemplate"},
	},
	"a background check has no count": {
		admitted: inCheck(`background: true, http: {port: 80}`),
		refused:  inCheck(`background: true, count: 3, http: {port: 80}`),
		says:     []string{"spec.checks[0]", "remove count, or background"},
	},
	"failures alone do not pass": {
		admitted: inCheck(`count: 3, failureLimit: 2, http: {port: 80}`),
		refused:  inCheck(`count: 3, failureLimit: 3, http: {port: 80}`),
		says:     []string{"spec.checks[0]", "failureLimit must be less than count", "lower failureLimit"},
	},
	"one instance is asked by itself": {
		admitted: inCheck(`scope: Step, webhook: {url: "https://w"}`),
		refused:  inCheck(`scope: Step, http: {port: 80}`),
		says:     []string{"spec.checks[0]", "scope must be Instance for http and runCommand", "use webhook or prometheus"},
	},
	"samples are counted where there are some": {
		admitted: inCheck(`minSamples: 5, azureMonitor: {metric: CPU, threshold: {max: "90"}}`),
		refused:  inCheck(`minSamples: 5, http: {port: 80}`),
		says:     []string{"spec.checks[0]", "minSamples counts", "remove it"},
	},
	"check name": {inCheck(`http: {port: 80}`), `checks: [{name: Page_1, http: {port: 80}}]`,
		[]string{"spec.checks[0].name", "lower-case letters, digits and hyphens"}},
	"argument name": {inCheck(`args: [{name: a_1, value: ""}], http: {port: 80}`), inCheck(`args: [{name: a-1, value: x}], http: {port: 80}`),
		[]string{"spec.checks[0].args[0].name", "letters, digits and underscores"}},
	"template name": {inCheck(`templateRef: {name: a.b}`), inCheck(`templateRef: {name: A/b}`),
		[]string{"spec.checks[0].templateRef.name", "the name of a CheckTemplate"}},
	"count": {inCheck(`count: 1000, http: {port: 80}`), inCheck(`count: 0, http: {port: 80}`),
		[]string{"spec.checks[0].count", "must be 1 to 1000"}},
	"failureLimit": {inCheck(`background: true, failureLimit: 1000, http: {port: 80}`),
		inCheck(`background: true, failureLimit: 1001, http: {port: 80}`), []string{"spec.checks[0].failureLimit", "must be 0 to 1000"}},
	"errorLimit": {inCheck(`errorLimit: 0, http: {port: 80}`), inCheck(`errorLimit: -1, http: {port: 80}`),
		[]string{"spec.checks[0].errorLimit", "must be 0 to 1000"}},
	"minSamples": {inCheck(`minSamples: 0, azureMonitor: {metric: CPU, threshold: {max: "9"}}`), inCheck(
		`minSamples: -1, azureMonitor: {metric: CPU, threshold: {max: "9"}}`), []string{"spec.checks[0].minSamples", "must be 0 to 1000000000"}},
	"initialDelay": {inCheck(`initialDelay: 24h, http: {port: 80}`), inCheck(`initialDelay: 25h, http: {port: 80}`),
		[]string{"spec.checks[0].initialDelay", "0s to 24h", "30s"}},
	"check interval": {inCheck(`interval: 1s, http: {port: 80}`), inCheck(`interval: 900ms, http: {port: 80}`),
		[]string{"spec.checks[0].interval", "1s to 24h", "10s"}},

	"credentials travel encrypted": {
		admitted: inBearer("name: web"),
		refused:  inHTTP(`credentials: {bearer: {name: web, key: token}}`),
		says:     []string{"spec.checks[0].http", "https only", "set scheme to https"},
	},
	"tls is for https": {
		admitted: inHTTP(`scheme: https, tls: {serverName: shop.example}`),
		refused:  inHTTP(`tls: {serverName: shop.example}`),
		says:     []string{"spec.checks[0].http", "http.tls is for https", "remove tls"},
	},
	"credentials are of one kind": {
		admitted: inPassword("name: web"),
		refused:  inHTTP(`scheme: https, credentials: {}`),
		says:     []string{"spec.checks[0].http.credentials", "exactly one of bearer and basic"},
	},
	"secret of a token": {inBearer("name: a.b"), inBearer("name: A_b"),
		[]string{"spec.checks[0].http.credentials.bearer.name", "the name of a Secret"}},
	"key of a token": {inBearer("key: a_B.c"), inBearer("key: a/b"),
		[]string{"spec.checks[0].http.credentials.bearer.key", "a key of a Secret"}},
	"secret of a password": {inPassword("name: a.b"), inPassword("name: A_b"),
		[]string{"spec.checks[0].http.credentials.basic.password.name", "the name of a Secret"}},
	"key of a password": {inPassword("key: a_B.c"), inPassword("key: a/b"),
		[]string{"spec.checks[0].http.credentials.basic.password.key", "a key of a Secret"}},
	"header value": {inHeader(`value: application/json`), inHeader(`value: "a\r\nX-Who: b"`),
		[]string{"spec.checks[0].http.headers[0].value", "one line"}},
	"header name": {inHeader("name: X-Who"), inHeader(`name: "X Who"`),
		[]string{"spec.checks[0].http.headers[0].name", "letters, digits and hyphens"}},
	"json is held once": {inJSON(`equals: ok`), inHTTP(`json: {path: "{.a}"}`),
		[]string{"spec.checks[0].http.json", "exactly one of equals and threshold"}},
	"json path": {inJSON(`path: "{.a.b}"`), inJSON(`path: "{..a}"`),
		[]string{"spec.checks[0].http.json.path", "in braces without .."}},
	"http path": {inHTTP(`path: /up`), inHTTP(`path: up`), []string{"spec.checks[0].http.path", "must begin with /"}},
	"http port": {inHTTP(`port: 65535`), inHTTP(`port: 65536`), []string{"spec.checks[0].http.port", "1 to 65535"}},
	"http status": {inHTTP(`status: ["200-299", "304"]`), inHTTP(`status: ["2xx"]`),
		[]string{"spec.checks[0].http.status", "codes or ranges of codes"}},
	"http timeout": {inHTTP(`timeout: 60s`), inHTTP(`timeout: 61s`), []string{"spec.checks[0].http.timeout", "1s to 60s", "3s"}},
	"certificates": {inHTTP(`scheme: https, tls: {ca: "-----BEGIN CERTIFICATE-----"}`), inHTTP(`scheme: https, tls: {ca: "MIIB"}`),
		[]string{"spec.checks[0].http.tls.ca", "must be PEM"}},
	"prometheus credentials": {inPrometheus(`url: "https://p", credentials: {bearer: {name: a, key: b}}`),
		inPrometheus(`credentials: {bearer: {name: a, key: b}}`), []string{"spec.checks[0].prometheus", "https only", "use an https url"}},
	"prometheus url": {inPrometheus(`url: "https://p"`), inPrometheus(`url: "p:9090"`),
		[]string{"spec.checks[0].prometheus.url", "must begin with http:// or https://"}},
	"prometheus timeout": {inPrometheus(`timeout: 1s`), inPrometheus(`timeout: 500ms`),
		[]string{"spec.checks[0].prometheus.timeout", "1s to 60s"}},
	"threshold": {inThreshold(`{min: "1", max: "2"}`), inThreshold(`{min: "1", expr: "value < 1.0"}`),
		[]string{"spec.checks[0].prometheus.threshold", "min, max or both, or expr alone"}},
	"threshold min": {inThreshold(`{min: "-0.5"}`), inThreshold(`{min: "5 %"}`),
		[]string{"spec.checks[0].prometheus.threshold.min", "decimal number in quotes"}},
	"threshold max": {inThreshold(`{max: "12"}`), inThreshold(`{max: "1e3"}`),
		[]string{"spec.checks[0].prometheus.threshold.max", "decimal number in quotes"}},
	"webhook credentials": {inWebhook(`credentials: {bearer: {name: a, key: b}}`),
		inCheck(`webhook: {url: "http://w", credentials: {bearer: {name: a, key: b}}}`), []string{"spec.checks[0].webhook", "https only"}},
	"webhook url": {inWebhook(`url: "http://w"`), inWebhook(`url: "ftp://w"`),
		[]string{"spec.checks[0].webhook.url", "must begin with http:// or https://"}},
	"webhook timeout": {inWebhook(`timeout: 30s`), inWebhook(`timeout: 2m`), []string{"spec.checks[0].webhook.timeout", "1s to 60s"}},
	"exit code":       {inCommand(`exitCode: 255`), inCommand(`exitCode: 256`), []string{"spec.checks[0].runCommand.exitCode", "0 to 255"}},
	"command timeout": {inCommand(`timeout: 5m`), inCommand(`timeout: 5s`), []string{"spec.checks[0].runCommand.timeout", "10s to 5m"}},
	"metric window":   {inMonitor(`window: 1h`), inMonitor(`window: 30s`), []string{"spec.checks[0].azureMonitor.window", "1m to 1h"}},
	"metric timeout":  {inMonitor(`timeout: 30s`), inMonitor(`timeout: 2m`), []string{"spec.checks[0].azureMonitor.timeout", "1s to 60s"}},

	"hook credentials": {inHook(`credentials: {bearer: {name: a, key: b}}`),
		`hooks: [{name: tell, at: BeforeStep, url: "http://h", credentials: {bearer: {name: a, key: b}}}]`,
		[]string{"spec.hooks[0]", "https only"}},
	"only instances are skipped": {
		admitted: `hooks: [{name: tell, at: AfterInstance, url: "https://h", onFailure: SkipInstance}]`,
		refused:  inHook(`onFailure: SkipInstance`),
		says:     []string{"spec.hooks[0]", "only at BeforeInstance and AfterInstance", "use Fail or Ignore"},
	},
	"no hook waits at a failure": {
		admitted: `hooks: [{name: tell, at: OnFailure, url: "https://h", onFailure: Ignore}]`,
		refused:  `hooks: [{name: tell, at: OnFailure, url: "https://h", onFailure: Fail}]`,
		says:     []string{"spec.hooks[0]", "must be Ignore or absent at OnFailure"},
	},
	"hook name": {inHook(`name: tell-1`), inHook(`name: Tell`),
		[]string{"spec.hooks[0].name", "lower-case letters, digits and hyphens"}},
	"hook url": {inHook(`url: "http://h"`), inHook(`url: "h"`),
		[]string{"spec.hooks[0].url", "must begin with http:// or https://"}},
	"hook timeout":       {inHook(`timeout: 24h`), inHook(`timeout: 0s`), []string{"spec.hooks[0].timeout", "1s to 24h", "5m"}},
	"drain timeout":      {`drain: {timeout: 10s}`, `drain: {timeout: 5s}`, []string{"spec.drain.timeout", "10s to 24h", "10m"}},
	"drain grace period": {`drain: {gracePeriod: 0s}`, `drain: {gracePeriod: 25h}`, []string{"spec.drain.gracePeriod", "0s to 24h", "1m"}},
	"consecutiveSuccesses": {`health: {consecutiveSuccesses: 100}`, `health: {consecutiveSuccesses: 0}`,
		[]string{"spec.health.consecutiveSuccesses", "1 to 100"}},
}

// templateRules are those of CheckTemplate that a check of a rollout does not have.
var templateRules = map[string]rule{
	"a template is of one kind": {
		admitted: "webhook: {url: \"https://w\"}\nhttp: null",
		refused:  `http: null`,
		says:     []string{"spec", "a template needs exactly one of http, prometheus, webhook, runCommand and azureMonitor"},
	},
	"a background template has no count": {`background: true`, "background: true\ncount: 3",
		[]string{"spec", "remove count, or background"}},
	"failures alone pass no template": {"count: 3\nfailureLimit: 2", "count: 3\nfailureLimit: 3",
		[]string{"spec", "failureLimit must be less than count"}},
	"a template asks one instance by itself": {`scope: Instance`, `scope: Step`,
		[]string{"spec", "scope must be Instance for http and runCommand"}},
	"a template counts samples where there are": {"http: null\nazureMonitor: {metric: CPU, threshold: {max: \"9\"}}\nminSamples: 5",
		`minSamples: 5`, []string{"spec", "minSamples counts"}},
	"template argument name": {`args: [{name: a_1}]`, `args: [{name: a-1}]`, []string{"spec.args[0].name", "letters, digits and underscores"}},
}

// checkBounds are those of checks, hooks and drains.
var checkBounds = []bound{
	{`checks: ` + many(17, func(i int) string { return `{name: a` + strings.Repeat("a", i) + `, http: {port: 80}}` }), "spec.checks",
		"Too many"},
	{`checks: [{http: {port: 80}}]`, "spec.checks[0].name", required},
	{`checks: [{name: "", http: {port: 80}}]`, "spec.checks[0].name", notEmpty},
	{`checks: [{name: ` + long(64) + `, http: {port: 80}}]`, "spec.checks[0].name", most(63)},
	{inCheck(`scope: Zone, http: {port: 80}`), "spec.checks[0].scope", oneOf},
	{inCheck(`onNoData: Ignore, http: {port: 80}`), "spec.checks[0].onNoData", oneOf},
	{inCheck(`http: {port: 80}, args: ` + many(17, func(i int) string { return `{name: a` + strings.Repeat("a", i) + `, value: x}` })),
		"spec.checks[0].args", "Too many"},
	{inCheck(`http: {port: 80}, args: [{value: x}]`), "spec.checks[0].args[0].name", required},
	{inCheck(`http: {port: 80}, args: [{name: a}]`), "spec.checks[0].args[0].value", required},
	{inCheck(`http: {port: 80}, args: [{name: "", value: x}]`), "spec.checks[0].args[0].name", notEmpty},
	{inCheck(`http: {port: 80}, args: [{name: ` + long(64) + `, value: x}]`), "spec.checks[0].args[0].name", most(63)},
	{inCheck(`http: {port: 80}, args: [{name: a, value: ` + long(1025) + `}]`), "spec.checks[0].args[0].value", most(1024)},
	{inCheck(`templateRef: {}`), "spec.checks[0].templateRef.name", required},
	{inCheck(`templateRef: {name: ""}`), "spec.checks[0].templateRef.name", notEmpty},
	{inCheck(`templateRef: {name: ` + long(254) + `}`), "spec.checks[0].templateRef.name", most(253)},

	{inHTTP(`port`), "spec.checks[0].http.port", required},
	{inHTTP(`via: Bastion`), "spec.checks[0].http.via", oneOf},
	{inHTTP(`scheme: ftp`), "spec.checks[0].http.scheme", oneOf},
	{inHTTP(`method: POST`), "spec.checks[0].http.method", oneOf},
	{inHTTP(`path: /` + long(1024)), "spec.checks[0].http.path", most(1024)},
	{inHTTP(`host: ` + long(254)), "spec.checks[0].http.host", most(253)},
	{inHTTP(`bodyRegex: ` + long(1025)), "spec.checks[0].http.bodyRegex", most(1024)},
	{inHTTP(`status: ["200", "201", "202", "203", "204", "205", "206", "207", "208"]`), "spec.checks[0].http.status", "Too many"},
	{inHTTP(`status: ["200-2999"]`), "spec.checks[0].http.status[0]", most(7)},
	{inHTTP(`headers: ` + many(17, func(i int) string { return `{name: a` + strings.Repeat("a", i) + `, value: x}` })),
		"spec.checks[0].http.headers", "Too many"},
	{inHeader(`name`), "spec.checks[0].http.headers[0].name", required},
	{inHeader(`value`), "spec.checks[0].http.headers[0].value", required},
	{inHeader(`name: ""`), "spec.checks[0].http.headers[0].name", notEmpty},
	{inHeader(`name: ` + long(129)), "spec.checks[0].http.headers[0].name", most(128)},
	{inHeader(`value: ` + long(1025)), "spec.checks[0].http.headers[0].value", most(1024)},
	{inJSON(`path`), "spec.checks[0].http.json.path", required},
	{inJSON(`path: ""`), "spec.checks[0].http.json.path", notEmpty},
	{inJSON(`path: "{.` + long(256) + `}"`), "spec.checks[0].http.json.path", most(256)},
	{inJSON(`equals: ` + long(257)), "spec.checks[0].http.json.equals", most(256)},
	{inHTTP(`scheme: https, tls: {ca: "-----BEGIN CERTIFICATE-----` + long(16384) + `"}`), "spec.checks[0].http.tls.ca", most(16384)},
	{inHTTP(`scheme: https, tls: {serverName: ` + long(254) + `}`), "spec.checks[0].http.tls.serverName", most(253)},
	{inBearer(`name`), "spec.checks[0].http.credentials.bearer.name", required},
	{inBearer(`key`), "spec.checks[0].http.credentials.bearer.key", required},
	{inBearer(`name: ""`), "spec.checks[0].http.credentials.bearer.name", notEmpty},
	{inBearer(`key: ""`), "spec.checks[0].http.credentials.bearer.key", notEmpty},
	{inBearer(`name: ` + long(254)), "spec.checks[0].http.credentials.bearer.name", most(253)},
	{inBearer(`key: ` + long(254)), "spec.checks[0].http.credentials.bearer.key", most(253)},
	{inHTTP(`scheme: https, credentials: {basic: {password: {name: a, key: b}}}`), "spec.checks[0].http.credentials.basic.user", required},
	{inHTTP(`scheme: https, credentials: {basic: {user: "", password: {name: a, key: b}}}`), "spec.checks[0].http.credentials.basic.user",
		notEmpty},
	{inHTTP(`scheme: https, credentials: {basic: {user: ` + long(254) + `, password: {name: a, key: b}}}`),
		"spec.checks[0].http.credentials.basic.user", most(253)},
	{inHTTP(`scheme: https, credentials: {basic: {user: u}}`), "spec.checks[0].http.credentials.basic.password", required},
	{inPassword(`name`), "spec.checks[0].http.credentials.basic.password.name", required},
	{inPassword(`key`), "spec.checks[0].http.credentials.basic.password.key", required},
	{inPassword(`name: ""`), "spec.checks[0].http.credentials.basic.password.name", notEmpty},
	{inPassword(`key: ""`), "spec.checks[0].http.credentials.basic.password.key", notEmpty},
	{inPassword(`name: ` + long(254)), "spec.checks[0].http.credentials.basic.password.name", most(253)},
	{inPassword(`key: ` + long(254)), "spec.checks[0].http.credentials.basic.password.key", most(253)},

	{inCheck(`prometheus: {query: up, threshold: {min: "1"}}`), "spec.checks[0].prometheus.url", required},
	{inCheck(`prometheus: {url: "http://p", threshold: {min: "1"}}`), "spec.checks[0].prometheus.query", required},
	{inCheck(`prometheus: {url: "http://p", query: up}`), "spec.checks[0].prometheus.threshold", required},
	{inPrometheus(`url: ""`), "spec.checks[0].prometheus.url", notEmpty},
	{inPrometheus(`url: "http://` + long(1020) + `"`), "spec.checks[0].prometheus.url", most(1024)},
	{inPrometheus(`query: ""`), "spec.checks[0].prometheus.query", notEmpty},
	{inPrometheus(`query: ` + long(4097)), "spec.checks[0].prometheus.query", most(4096)},
	{inPrometheus(`baseline: ` + long(4097)), "spec.checks[0].prometheus.baseline", most(4096)},
	{inPrometheus(`samples: ` + long(4097)), "spec.checks[0].prometheus.samples", most(4096)},
	{inThreshold(`{min: ""}`), "spec.checks[0].prometheus.threshold.min", notEmpty},
	{inThreshold(`{max: ""}`), "spec.checks[0].prometheus.threshold.max", notEmpty},
	{inThreshold(`{expr: ""}`), "spec.checks[0].prometheus.threshold.expr", notEmpty},
	{inThreshold(`{min: "` + strings.Repeat("1", 33) + `"}`), "spec.checks[0].prometheus.threshold.min", most(32)},
	{inThreshold(`{max: "` + strings.Repeat("1", 33) + `"}`), "spec.checks[0].prometheus.threshold.max", most(32)},
	{inThreshold(`{expr: ` + long(1025) + `}`), "spec.checks[0].prometheus.threshold.expr", most(1024)},
	{inWebhook(`url`), "spec.checks[0].webhook.url", required},
	{inWebhook(`url: ""`), "spec.checks[0].webhook.url", notEmpty},
	{inWebhook(`url: "http://` + long(1020) + `"`), "spec.checks[0].webhook.url", most(1024)},
	{inCommand(`script`), "spec.checks[0].runCommand.script", required},
	{inCommand(`script: ""`), "spec.checks[0].runCommand.script", notEmpty},
	{inCommand(`script: ` + long(16385)), "spec.checks[0].runCommand.script", most(16384)},
	{inCheck(`azureMonitor: {threshold: {max: "90"}}`), "spec.checks[0].azureMonitor.metric", required},
	{inCheck(`azureMonitor: {metric: CPU}`), "spec.checks[0].azureMonitor.threshold", required},
	{inMonitor(`metric: ""`), "spec.checks[0].azureMonitor.metric", notEmpty},
	{inMonitor(`metric: ` + long(257)), "spec.checks[0].azureMonitor.metric", most(256)},
	{inMonitor(`namespace: ` + long(257)), "spec.checks[0].azureMonitor.namespace", most(256)},
	{inMonitor(`aggregation: Median`), "spec.checks[0].azureMonitor.aggregation", oneOf},

	{`hooks: ` + many(17, func(i int) string { return `{name: a` + strings.Repeat("a", i) + `, at: BeforeStep, url: "https://h"}` }),
		"spec.hooks", "Too many"},
	{inHook(`name`), "spec.hooks[0].name", required},
	{inHook(`at`), "spec.hooks[0].at", required},
	{inHook(`url`), "spec.hooks[0].url", required},
	{inHook(`name: ""`), "spec.hooks[0].name", notEmpty},
	{inHook(`name: ` + long(64)), "spec.hooks[0].name", most(63)},
	{inHook(`at: Never`), "spec.hooks[0].at", oneOf},
	{inHook(`url: ""`), "spec.hooks[0].url", notEmpty},
	{inHook(`url: "http://` + long(1020) + `"`), "spec.hooks[0].url", most(1024)},
	{inHook(`onFailure: Retry`), "spec.hooks[0].onFailure", oneOf},
	{`drain: {onFailure: Retry}`, "spec.drain.onFailure", oneOf},
}

// templateBounds are those of CheckTemplate that a check of a rollout does not have.
var templateBounds = []bound{
	{`args: ` + many(17, func(i int) string { return `{name: a` + strings.Repeat("a", i) + `}` }), "spec.args", "Too many"},
	{`args: [{value: x}]`, "spec.args[0].name", required},
	{`args: [{name: ""}]`, "spec.args[0].name", notEmpty},
	{`args: [{name: ` + long(64) + `}]`, "spec.args[0].name", most(63)},
	{`args: [{name: a, value: ` + long(1025) + `}]`, "spec.args[0].value", most(1024)},
}
