// Shipping, in Go: a JWT library and one address of keys are enough to check the card.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

type card struct {
	jwt.RegisteredClaims
	ClientID string         `json:"client_id"`
	Name     string         `json:"name"`
	Cnf      map[string]any `json:"cnf"`
}

var (
	issuer = cmp.Or(os.Getenv("DOORMAN_URL"), "http://localhost:4000")
	parser = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithAudience("shipping"),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second))
)

func verify(request *http.Request, keys keyfunc.Keyfunc) (*card, error) {
	raw, isBearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return nil, errors.New("no access token")
	}
	found := &card{}
	token, err := parser.ParseWithClaims(raw, found, keys.Keyfunc)
	if err != nil {
		return nil, err
	}
	// The library does not look at "typ": without this line every other token of the gateway would do.
	if token.Header["typ"] != "at+jwt" || found.Subject == "" || found.ClientID == "" || found.Cnf != nil {
		return nil, errors.New("not an access token for this service")
	}
	return found, nil
}

func main() {
	keys, err := keyfunc.NewDefaultOverrideCtx(context.Background(), []string{issuer + "/.well-known/jwks.json"},
		keyfunc.Override{RefreshInterval: 5 * time.Minute, RateLimitWaitMax: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /api/shipping", func(response http.ResponseWriter, request *http.Request) {
		answer := map[string]any{"error": "invalid_token"}
		response.Header().Set("Content-Type", "application/json")
		if caller, err := verify(request, keys); err == nil {
			answer = map[string]any{"service": "shipping", "language": "Go", "audience": caller.Audience, "person": caller.Name,
				"shipping": map[string]int{"days": 2}}
		} else {
			response.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			response.WriteHeader(http.StatusUnauthorized)
		}
		_ = json.NewEncoder(response).Encode(answer)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "4013"), nil))
}
