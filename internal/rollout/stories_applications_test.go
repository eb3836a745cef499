package rollout_test

import (
	"fmt"

	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout/simworld"
)

// gallery is where the applications of the stories are.
const gallery = "/galleries/g/applications/"

// app is one version of an application of the gallery.
func app(name, version string) rollout.Application {
	return rollout.Application{ID: gallery + name + "/versions/" + version}
}

// release is a target of gallery applications.
func release(applications ...rollout.Application) rollout.Target {
	return rollout.Target{Applications: applications}
}

// withApps is a scale set that has gallery applications already, one of them of another tool.
var withApps = simworld.Content{Image: bare.Image, Applications: []rollout.Application{
	{ID: app("agent", "latest").ID, Entry: `{"agent":true}`, UpgradesItself: true},
	{ID: app("web", "1.0.0").ID, Order: 2, IgnoresFailure: true, Entry: `{"web":true}`},
}}

// breaksWith makes an application fail on every instance that is brought to a model with it, for as long as the story goes.
func breaksWith(a rollout.Application) func(*recorder) {
	return does(fmt.Sprintf("application %s %s fails on every instance", a.Name(), a.Version()), func(t *recorder) {
		t.before = func(t *recorder) {
			t.world.Faults.ApplicationFails = 0
			for _, other := range t.world.Models[len(t.world.Models)-1].Applications {
				if other.ID == a.ID {
					t.world.Faults.ApplicationFails = 1
				}
			}
		}
	})
}

func applicationStories() map[string]story {
	web, web2 := app("web", "1.1.0"), app("web", "1.2.0")
	both := rollout.Target{Image: image2.Image, Applications: []rollout.Application{web}}
	return map[string]story{
		"an application is rolled out beside that of another tool": {n: 3, start: withApps, spec: canary(release(web), 34), rounds: 22,
			script: map[int]func(*recorder){
				7: does("percent 100", percent(100)),
			}},
		"an application fails and everything goes back": {n: 3, start: withApps, spec: rolls(release(web), 100), rounds: 30,
			script: map[int]func(*recorder){0: breaksWith(web)}},
		"an application that was not there is removed again": {n: 2, start: bare, spec: rolls(release(web, app("db", "3.0.0")), 100),
			rounds: 30, script: map[int]func(*recorder){0: breaksWith(web)}},
		"an image and an application go back together": {n: 2, start: withApps, spec: canary(both, 50), rounds: 26,
			script: map[int]func(*recorder){10: ask(rollout.VerbRollback)}},
		"an application that is no longer declared stays": {n: 2, start: withApps, spec: rolls(release(web, app("db", "3.0.0")), 100),
			rounds: 44, script: map[int]func(*recorder){
				14: all(breaksWith(web2), does("target web 1.2.0 alone", target(release(web2)))),
			}},
		"another tool writes the applications before the first write": {n: 2, start: withApps, spec: canary(release(web), 100), rounds: 20,
			script: map[int]func(*recorder){
				0: beforeEffect("another tool adds an application", func(t *recorder) {
					t.world.Edit(func(c *simworld.Content) {
						c.Applications = append(c.Applications[:2:2], rollout.Application{ID: app("probe", "0.1.0").ID, Entry: `{"probe":true}`})
					})
				}),
			}},
		"drift of an application": {n: 2, start: withApps, spec: canary(release(web), 50), rounds: 22, script: map[int]func(*recorder){
			8: does("another tool removes the application", func(t *recorder) {
				t.world.Edit(func(c *simworld.Content) { c.Applications = c.Applications[:1] })
			}),
			12: does("and puts it back", func(t *recorder) {
				t.world.Edit(func(c *simworld.Content) { c.Applications = append(c.Applications[:1:1], web) })
			}),
		}},
	}
}
