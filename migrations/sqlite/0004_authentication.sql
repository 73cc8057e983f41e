-- What was found about the author of a received message, as JSON: which method proved what. NULL for what came before it was
-- kept, and for what came without a mail.
ALTER TABLE received ADD COLUMN authentication TEXT;
