"""Reviews without the bot, by questionnaire or by a person, and corrections by people."""
