package azuresim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"time"
)

// tokenRoutes are those of the login server: any secret is right there.
func (s *login) tokenRoutes() []*route {
	var list []*route
	for _, e := range []struct {
		method, pattern, name string
		handle                func(*request) (*response, *armError)
	}{
		{"POST", "{tenant}/oauth2/v2.0/token", "Token", s.issueToken},
		{"POST", "{tenant}/oauth2/token", "Token", s.issueToken},
		{"GET", "{tenant}/v2.0/.well-known/openid-configuration", "OpenIDConfiguration", s.openIDConfiguration},
		{"GET", "{tenant}/.well-known/openid-configuration", "OpenIDConfiguration", s.openIDConfiguration},
		{"GET", "common/discovery/instance", "InstanceDiscovery", s.discoverInstance},
		{"GET", "metadata/endpoints", "Metadata", s.metadata},
	} {
		r := entry(e.method, e.pattern, e.name, "", unlimited, e.handle)
		r.public, r.kind = true, kindRead
		list = append(list, r)
	}
	return list
}

// login is the login server, as far as clients of the resource manager need one.
type login struct{ *kernel }

const tokenLife = time.Hour

// issueToken gives a token to whoever asks for one with an id.
func (s *login) issueToken(r *request) (*response, *armError) {
	form, err := url.ParseQuery(string(r.body))
	if err != nil || form.Get("grant_type") == "" {
		return oauthRefusal("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'grant_type'."), nil
	}
	if form.Get("client_secret") == forbiddenToken {
		return s.token(form, forbiddenToken), nil
	}
	if form.Get("client_id") == "" && form.Get("grant_type") == "client_credentials" {
		return oauthRefusal("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'client_id'."), nil
	}
	return s.token(form, s.jwt(form.Get("client_id"))), nil
}

func (s *login) token(form url.Values, token string) *response {
	expires := int(tokenLife / time.Second)
	m := members{
		{"token_type", "Bearer"}, {"expires_in", expires}, {"ext_expires_in", expires},
		{"expires_on", int(s.now.Add(tokenLife).Unix())}, {"access_token", token},
	}
	if form.Get("grant_type") != "client_credentials" {
		m = append(m, member{"scope", form.Get("scope")}, member{"refresh_token", "simulated-refresh-token"})
	}
	return answer(http.StatusOK, m)
}

// jwt is a token that clients can look into; nobody signed it.
func (s *login) jwt(client string) string {
	claims := toCompactJSON(members{
		{"aud", "https://management.azure.com"}, {"iss", "https://sts.windows.net/" + tenantID + "/"},
		{"iat", int(s.now.Unix())}, {"nbf", int(s.now.Unix())}, {"exp", int(s.now.Add(tokenLife).Unix())},
		{"appid", client}, {"oid", clientID}, {"tid", tenantID}, {"ver", "1.0"},
	})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(claims) + "." + encode([]byte("simulated"))
}

func oauthRefusal(code, description string) *response {
	return answer(http.StatusBadRequest, members{{"error", code}, {"error_description", description}, {"error_codes", []any{900144}}})
}

func (s *login) openIDConfiguration(r *request) (*response, *armError) {
	tenant := r.base + "/" + r.args["tenant"]
	version := ""
	if len(r.route.pattern) == 4 {
		version = "/v2.0"
	}
	return answer(http.StatusOK, members{
		{"token_endpoint", tenant + "/oauth2" + version + "/token"},
		{"token_endpoint_auth_methods_supported", []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}},
		{"jwks_uri", tenant + "/discovery" + version + "/keys"},
		{"response_types_supported", []string{"code", "id_token", "token"}},
		{"issuer", tenant + version},
		{"authorization_endpoint", tenant + "/oauth2" + version + "/authorize"},
		{"device_authorization_endpoint", tenant + "/oauth2" + version + "/devicecode"},
		{"end_session_endpoint", tenant + "/oauth2" + version + "/logout"},
	}), nil
}

func (s *login) discoverInstance(r *request) (*response, *armError) {
	host := r.base
	if u, err := url.Parse(r.base); err == nil {
		host = u.Host
	}
	return answer(http.StatusOK, members{
		{"tenant_discovery_endpoint", r.base + "/" + tenantID + "/v2.0/.well-known/openid-configuration"},
		{"api-version", "1.1"},
		{"metadata", []members{{
			{"preferred_network", host}, {"preferred_cache", host}, {"aliases", []string{host}},
		}}},
	}), nil
}

// metadata is what the CLI reads when it is pointed at another cloud.
func (s *login) metadata(r *request) (*response, *armError) {
	return answer(http.StatusOK, members{
		{"galleryEndpoint", r.base + "/"}, {"graphEndpoint", r.base + "/"}, {"portalEndpoint", r.base + "/"},
		{"authentication", members{{"loginEndpoint", r.base}, {"audiences", []string{"https://management.azure.com", r.base}}}},
	}), nil
}
